/** What of a request tells where it comes from. */
export interface RequestOrigin {
  /** `Sec-Fetch-Site`: browsers send it, and pages cannot change it. */
  readonly fetchSite: string | undefined;
  /** `Origin`. */
  readonly origin: string | undefined;
  /** Host and port under which the server was called. */
  readonly host: string;
}

/**
 * Whether a request that changes something may come from a page of another site, which a browser would send with all that
 * the user may do. Tools that are no browser send neither header, and may ask for everything: they act for nobody else.
 */
export function isCrossSite({ fetchSite, origin, host }: RequestOrigin): boolean {
  if (fetchSite !== undefined) return fetchSite !== "same-origin" && fetchSite !== "none";
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== host;
}
