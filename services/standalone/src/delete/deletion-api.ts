import {
  fromJson,
  toJson,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import { UnavailableError } from "@hearth/errors";
import {
  DeleteProfilesRequestSchema,
  DeleteProfilesResponseSchema,
  GetDeletionRequestSchema,
  GetDeletionResponseSchema,
  ListDeletionsRequestSchema,
  ListDeletionsResponseSchema,
  ProfileDeletionService,
  type DeleteProfilesResponse,
  type Deletion,
} from "@hearth/proto/hearth/deletion/v1";
import { TENANT_HEADER } from "@hearth/tenancy";

export interface ServerAddress {
  readonly url: string;
  /** Empty: none is named. */
  readonly tenant: string;
}

/** The deletion API of a server, over HTTP. Fails with an {@link UnavailableError} that has the server's words. */
export class DeletionApi {
  readonly #server: ServerAddress;
  readonly #fetch: typeof fetch;

  constructor(server: ServerAddress, fetchImplementation: typeof fetch) {
    this.#server = server;
    this.#fetch = fetchImplementation;
  }

  deleteProfiles(
    request: MessageInitShape<typeof DeleteProfilesRequestSchema>,
    signal: AbortSignal,
  ): Promise<DeleteProfilesResponse> {
    const schemas = { request: DeleteProfilesRequestSchema, response: DeleteProfilesResponseSchema };
    return this.#call("DeleteProfiles", schemas, request, signal);
  }

  async list(signal: AbortSignal): Promise<Deletion[]> {
    const schemas = { request: ListDeletionsRequestSchema, response: ListDeletionsResponseSchema };
    return (await this.#call("ListDeletions", schemas, {}, signal)).deletions;
  }

  async get(number: bigint, signal: AbortSignal): Promise<Deletion | undefined> {
    const schemas = { request: GetDeletionRequestSchema, response: GetDeletionResponseSchema };
    return (await this.#call("GetDeletion", schemas, { number }, signal)).deletion;
  }

  async #call<Q extends DescMessage, R extends DescMessage>(
    method: string,
    schemas: { readonly request: Q; readonly response: R },
    request: MessageInitShape<Q>,
    signal: AbortSignal,
  ): Promise<MessageShape<R>> {
    const { url, tenant } = this.#server;
    const address = `${url.replace(/\/+$/u, "")}/${ProfileDeletionService.typeName}/${method}`;
    const headers = {
      "content-type": "application/json",
      ...(tenant !== "" && { [TENANT_HEADER]: tenant }),
    };
    const body = JSON.stringify(toJson(schemas.request, create(schemas.request, request)));
    let response: Response;
    let text: string;
    try {
      response = await this.#fetch(address, { method: "POST", headers, body, signal });
      text = await response.text();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw new UnavailableError(`the server does not answer: url=${address}`, { cause: error });
    }
    if (!response.ok)
      throw new UnavailableError(messageOf(text) ?? `HTTP status ${response.status}: ${text}`);
    return fromJson(schemas.response, JSON.parse(text), { ignoreUnknownFields: true });
  }
}

/** The message of an error of Connect; undefined when it is none. */
function messageOf(text: string): string | undefined {
  try {
    const { message, code } = JSON.parse(text) as { message?: unknown; code?: unknown };
    return typeof message === "string" ? `${String(code)}: ${message}` : undefined;
  } catch {
    return undefined;
  }
}
