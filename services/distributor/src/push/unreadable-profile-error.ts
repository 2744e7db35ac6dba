import { InvalidArgumentError } from "@hearth/errors";

/** The bytes are no profile of their format. Over `/ingest` this has a status of its own, 422. */
export class UnreadableProfileError extends InvalidArgumentError {}
