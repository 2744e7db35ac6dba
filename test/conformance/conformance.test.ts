import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { goldenFlags, ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { differences } from "./differences.ts";
import { loadGoldenCase, loadGoldenCases } from "./golden-case.ts";
import { holdConversation, recordedAnswer } from "./hold-conversation.ts";
import { meaningOf } from "./meaning.ts";

/** `CONFORMANCE_URL=http://host:port` holds the conversations with a server that runs already, and is fresh. */
describe("answers agree with those of Grafana Pyroscope", () => {
  const folder = temporaryFolder("conformance");
  const running = process.env["CONFORMANCE_URL"];
  let server: Pick<ServerProcess, "url" | typeof Symbol.asyncDispose>;

  beforeAll(async () => {
    server =
      running === undefined
        ? await ServerProcess.start({ dir: folder.path, flags: goldenFlags })
        : { url: running, [Symbol.asyncDispose]: () => Promise.resolve() };
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    folder.remove();
  });

  it.each(loadGoldenCases())("$name: $about", async (golden) => {
    expect(await holdConversation(server.url, golden)).toEqual([]);
  });
});

describe("a listed difference", () => {
  it("is one, and of a recorded answer", () => {
    for (const [place, { better }] of Object.entries(differences)) {
      const [name = "", id = ""] = place.split("/");
      const golden = loadGoldenCase(name);
      const step = golden.steps.find((each) => each.id === id) ?? { id };
      expect(meaningOf(step, recordedAnswer(golden, step))).not.toEqual(meaningOf(step, better));
    }
  });
});
