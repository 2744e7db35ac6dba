import { InvalidArgumentError, UnimplementedError } from "@hearth/errors";

/** Where one process of a service listens. */
export interface Address {
  /** What it is known by, stable over its restarts: as given, else `host:port`. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
}

/** Where to find the processes of a service. */
export type Target =
  | { readonly type: "static"; readonly addresses: readonly Address[] }
  /** Every address of the name, looked up again from time to time. */
  | { readonly type: "dns"; readonly host: string; readonly port: number };

/**
 * Reads a target as operators write it: `host:port[/id],…`, `dns:///host:port` or `dns+host:port`.
 *
 * @throws {InvalidArgumentError} when it is none of the known forms.
 * @throws {UnimplementedError} for forms that are known and not offered: `kubernetes:///`, `dnssrv+`, `dnssrvnoa+`.
 */
export function parseTarget(text: string): Target {
  const scheme = SCHEME.exec(text)?.[1];
  switch (scheme) {
    case undefined:
      return { type: "static", addresses: parseList(text) };
    case "dns:///":
    case "dns+":
      return { type: "dns", ...parseHostPort(text.slice(scheme.length), text) };
    case "kubernetes:///":
    case "dnssrv+":
    case "dnssrvnoa+":
      throw new UnimplementedError(
        `this kind of address is not supported, use dns:///host:port or host:port,…: address=${text}`,
      );
    default:
      throw new InvalidArgumentError(
        `unknown kind of address, use host:port,… or dns:///host:port: address=${text}`,
      );
  }
}

/** `name:///` or `name+`, in front of the rest. */
const SCHEME = /^([a-z]+(?::\/\/\/?|\+))/;

function parseList(text: string): Address[] {
  const addresses = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => parseAddress(part, text));
  if (addresses.length === 0) throw new InvalidArgumentError("an address is empty");
  const repeated = addresses.find(({ id }, index) => addresses.findIndex((other) => other.id === id) < index);
  if (repeated)
    throw new InvalidArgumentError(`an address is named twice: id=${repeated.id} address=${text}`);
  return addresses;
}

function parseAddress(part: string, whole: string): Address {
  const slash = part.indexOf("/");
  const { host, port } = parseHostPort(slash < 0 ? part : part.slice(0, slash), whole);
  return { id: slash < 0 ? `${host}:${port}` : part.slice(slash + 1), host, port };
}

function parseHostPort(text: string, whole: string): { host: string; port: number } {
  const [, host = "", digits = ""] = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (host === "" || port < 1 || port > 65_535) {
    throw new InvalidArgumentError(`an address must be host:port: got=${text} in=${whole}`);
  }
  return { host, port };
}
