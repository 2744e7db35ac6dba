const PARAMETER = "allow-utf8-labelnames";

/**
 * Whether the client accepts label names beyond `[a-zA-Z_][a-zA-Z0-9_]*`: any media type in `Accept` may carry the
 * parameter. What cannot be parsed is ignored, since a strange `Accept` must never fail a request.
 */
export function allowUtf8LabelNames(header: Headers): boolean {
  const accept = header.get("accept");
  return accept !== null && accept.split(",").some(hasParameter);
}

function hasParameter(mediaType: string): boolean {
  return mediaType
    .split(";")
    .slice(1)
    .some((parameter) => {
      const [name = "", value = ""] = parameter.split("=");
      return name.trim().toLowerCase() === PARAMETER && /^(?:true|"true")$/.test(value.trim());
    });
}
