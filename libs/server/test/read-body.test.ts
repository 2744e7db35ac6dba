import { IncomingMessage } from "node:http";
import { Socket } from "node:net";

import { describe, expect, it } from "@jest/globals";
import { CanceledError, ResourceExhaustedError } from "@hearth/errors";

import { readBody } from "../src/read-body.ts";

function requestOf(...parts: readonly string[]): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  for (const part of parts) request.push(part);
  return request;
}

function ended(request: IncomingMessage): IncomingMessage {
  request.push(null);
  return request;
}

describe("readBody", () => {
  it.each([
    { name: "nothing", parts: [] },
    { name: "one part", parts: ["abc"] },
    { name: "several parts, to the last byte allowed", parts: ["abc", "de"] },
  ])("collects $name", async ({ parts }) => {
    const body = await readBody(ended(requestOf(...parts)), 5);
    expect(Buffer.from(body).toString()).toBe(parts.join(""));
  });

  it("refuses a body that is too long, before it comes or while it does", async () => {
    const announced = requestOf();
    announced.headers["content-length"] = "6";
    await expect(readBody(announced, 5)).rejects.toBeInstanceOf(ResourceExhaustedError);
    await expect(readBody(requestOf("abc", "def"), 5)).rejects.toBeInstanceOf(ResourceExhaustedError);
  });

  it.each([
    { name: "by the other side", error: new Error("ECONNRESET") },
    { name: "by the server itself", error: undefined },
  ])("does not wait for a connection that was cut $name", async ({ error }) => {
    const request = requestOf("abc");
    const body = readBody(request, 5);
    request.destroy(error);
    await expect(body).rejects.toBeInstanceOf(CanceledError);
    await expect(readBody(request, 5)).rejects.toBeInstanceOf(CanceledError);
  });
});
