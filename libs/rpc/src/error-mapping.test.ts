import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import {
  CanceledError,
  DataLossError,
  DomainError,
  InvalidArgumentError,
  NotFoundError,
  ResourceExhaustedError,
  UnavailableError,
} from "@hearth/errors";

import { fromConnectError, httpStatusOf, RemoteError, toConnectError } from "./error-mapping.ts";
import { decodeRetryInfo, encodeRetryInfo } from "./retry-info.ts";

/** As service code makes them: the class says what the caller should do. */
class BlockNotFoundError extends DomainError {
  readonly code = Code.NotFound;
}

describe("what a client sees", () => {
  it.each([
    { error: new InvalidArgumentError("bad name"), code: Code.InvalidArgument, message: "bad name" },
    { error: new BlockNotFoundError("no block"), code: Code.NotFound, message: "no block" },
    { error: new ConnectError("too long", Code.OutOfRange), code: Code.OutOfRange, message: "too long" },
    { error: new TypeError("secret"), code: Code.Internal, message: "internal error" },
    { error: "secret", code: Code.Internal, message: "internal error" },
    { error: undefined, code: Code.Internal, message: "internal error" },
  ])("of $error", ({ error, code, message }) => {
    expect(toConnectError(error)).toMatchObject({ code, rawMessage: message });
  });

  it("keeps the original as the cause, for the log", () => {
    const error = new TypeError("secret");
    expect(toConnectError(error).cause).toBe(error);
  });

  it.each([
    { retryAfterMs: 0, header: "1" },
    { retryAfterMs: 999, header: "1" },
    { retryAfterMs: 1001, header: "2" },
  ])("is told to come back after $retryAfterMs ms", ({ retryAfterMs, header }) => {
    const mapped = toConnectError(new UnavailableError("later", { retryAfterMs }));
    expect(mapped.metadata.get("retry-after")).toBe(header);
    expect(fromConnectError(mapped)).toMatchObject({ name: "UnavailableError", retryAfterMs });
  });
});

describe("what a caller inside the cluster gets", () => {
  it.each([
    { code: Code.Canceled, type: CanceledError },
    { code: Code.NotFound, type: NotFoundError },
    { code: Code.ResourceExhausted, type: ResourceExhaustedError },
    { code: Code.DataLoss, type: DataLossError },
    { code: Code.Aborted, type: RemoteError },
    { code: Code.Unknown, type: RemoteError },
  ])("of code $code", ({ code, type }) => {
    const error = fromConnectError(new ConnectError("text", code));
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ code, message: "text", retryAfterMs: undefined });
  });

  it("a header alone is enough to know when to come back", () => {
    const error = new ConnectError("busy", Code.ResourceExhausted, { "retry-after": "3" });
    expect(fromConnectError(error).retryAfterMs).toBe(3000);
  });

  it.each(["soon", "-1", "", "99999999999999999999"])("a header of %j says nothing", (value) => {
    const error = new ConnectError("busy", Code.ResourceExhausted, { "retry-after": value });
    expect(fromConnectError(error).retryAfterMs).toBeUndefined();
  });

  it("the code survives the way there and back", () => {
    const codes = Object.values(Code).filter((code): code is Code => typeof code === "number");
    for (const code of codes) {
      expect(toConnectError(fromConnectError(new ConnectError("x", code))).code).toBe(code);
      expect(httpStatusOf(code)).toBeGreaterThanOrEqual(400);
    }
  });
});

describe("RetryInfo", () => {
  it("round-trips", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), (delayMs) => {
        expect(decodeRetryInfo(encodeRetryInfo(delayMs))).toBe(delayMs);
      }),
    );
  });

  it("is nothing when damaged, and never throws", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const delayMs = decodeRetryInfo(bytes);
        expect(delayMs === undefined || typeof delayMs === "number").toBe(true);
      }),
    );
    expect(decodeRetryInfo(Uint8Array.of(10, 200))).toBeUndefined();
  });
});
