import { describe, expect, it } from "@jest/globals";
import { dropEndlessTimeouts } from "./endless-timeouts.ts";

describe("dropEndlessTimeouts", () => {
  it.each([
    { name: "grpc-timeout", value: "99999999H", isKept: false },
    { name: "grpc-timeout", value: "596H", isKept: true },
    { name: "grpc-timeout", value: "597H", isKept: false },
    { name: "grpc-timeout", value: "99999999S", isKept: false },
    { name: "grpc-timeout", value: "99999999m", isKept: true },
    { name: "grpc-timeout", value: "99999999u", isKept: true },
    { name: "grpc-timeout", value: "99999999n", isKept: true },
    { name: "grpc-timeout", value: "soon", isKept: true },
    { name: "connect-timeout-ms", value: "2147483647", isKept: true },
    { name: "connect-timeout-ms", value: "2147483648", isKept: false },
    { name: "connect-timeout-ms", value: "99999999999999", isKept: true },
  ])("$name: $value, kept: $isKept", ({ name, value, isKept }) => {
    const headers = { [name]: value, "x-scope-orgid": "acme" };
    dropEndlessTimeouts(headers);
    expect(headers).toEqual({ ...(isKept ? { [name]: value } : {}), "x-scope-orgid": "acme" });
  });
});
