import { crc32 } from "node:zlib";

import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { FrameSchema, type RaftMessageSchema } from "@hearth/proto/hearth/raft/v1";
import { seededRandom, type Random } from "@hearth/runtime";
import { MAX_FRAME_BYTES, messageSizeBytes } from "../../src/raft-transport/frame-limits.ts";
import type { FrameMessage } from "../../src/raft-transport/frame-message.ts";
import { InvalidFrameError } from "../../src/raft-transport/invalid-frame-error.ts";
import { encodeEntries } from "../../src/raft-transport/wire-entries.ts";
import { decodeFrame, encodeFrame } from "../../src/raft-transport/wire-messages.ts";
import {
  append,
  chained,
  chainOf,
  commands,
  from,
  heartbeat,
  samples,
  start,
  to,
} from "./support/samples.ts";

type MessageInit = MessageInitShape<typeof RaftMessageSchema>;

const decode = (bytes: Uint8Array): FrameMessage[] => decodeFrame(bytes, { from, to, chainOf });

/** What another implementation might send. */
function frameOf(...messages: MessageInit[]): Uint8Array {
  return toBinary(FrameSchema, create(FrameSchema, { messages: messages as never }));
}

function fieldOf(bytes: Uint8Array): string {
  try {
    decode(bytes);
  } catch (error) {
    return error instanceof InvalidFrameError ? error.field : String(error);
  }
  return "none";
}

const wirePrev = { index: 10n, term: 2n, chain: start.chain };

function wireAppend(changes: object): MessageInit {
  return { term: 7n, body: { case: "append", value: { prev: wirePrev, commit: 1n, ...changes } } };
}

describe("a frame", () => {
  it.each(samples.map((message) => ({ name: message.type, message })))("carries $name", ({ message }) => {
    expect(decode(encodeFrame([message]))).toEqual([message]);
  });

  it("carries many, in order", () => {
    expect(decode(encodeFrame(samples))).toEqual(samples);
  });

  it("is never larger than its messages are counted", () => {
    for (const message of samples) {
      expect(encodeFrame([message]).length).toBeLessThanOrEqual(messageSizeBytes(message));
    }
    const largest = Number.MAX_SAFE_INTEGER - 100;
    const far = { index: largest, term: largest, chain: 0xffff_ffff };
    const message = { ...append(far, chained(far, commands(3, 0))), commit: largest, term: largest };
    expect(encodeFrame([message]).length).toBeLessThanOrEqual(messageSizeBytes(message));
    expect(decode(encodeFrame([message]))).toEqual([message]);
  });

  it("carries one entry of 9 MiB, and not with anything else", () => {
    const entries = chained(start, commands(1, 9 * 1024 * 1024));
    const large = append(start, entries);
    expect(decode(encodeFrame([large])).map(summaryOf)).toEqual([summaryOf(large)]);
    expect(fieldOf(encodeFrame([large, heartbeat(1)]))).toBe("frame");
    expect(() => encodeFrame([append(start, chained(start, commands(1, 9 * 1024 * 1024 + 1)))])).toThrow(
      "payload",
    );
  });

  it("carries 1 MiB of entries, as the core counts them", () => {
    const full = append(start, chained(start, commands(1024, 992)));
    expect(decode(encodeFrame([full])).map(summaryOf)).toEqual([summaryOf(full)]);
    expect(fieldOf(encodeFrame([append(start, chained(start, commands(1025, 992)))]))).toBe(
      "messages[0].append.entries",
    );
  });
});

describe("a frame is refused when", () => {
  const entries = chained(start, commands(3, 5));
  const encoded = encodeEntries(start, entries);
  const outOfRange = 2n ** 53n;

  it.each<{ name: string; bytes: Uint8Array; field: string }>([
    { name: "it has no messages", bytes: frameOf(), field: "messages" },
    {
      name: "it has too many",
      bytes: new Uint8Array(2050).map((_, at) => (at % 2 ? 0 : 10)),
      field: "messages",
    },
    { name: "it is no protobuf", bytes: Uint8Array.of(10, 200), field: "frame" },
    {
      name: "a message has no body",
      bytes: frameOf({ term: 1n }),
      field: "messages[0].body",
    },
    {
      name: "a term is out of range",
      bytes: frameOf({ term: outOfRange, body: { case: "staleTerm", value: {} } }),
      field: "messages[0].term",
    },
    {
      name: "a number is out of range",
      bytes: frameOf(
        { term: 1n, body: { case: "timeoutNow", value: {} } },
        { term: 1n, body: { case: "heartbeat", value: { readId: outOfRange } } },
      ),
      field: "messages[1].heartbeat.readId",
    },
    {
      name: "an Append has no place",
      bytes: frameOf(wireAppend({ prev: undefined })),
      field: "messages[0].append.prev",
    },
    {
      name: "the place is of a later term",
      bytes: frameOf(wireAppend({ prev: { ...wirePrev, term: 8n } })),
      field: "messages[0].append.prev.term",
    },
    {
      name: "entries follow another place",
      bytes: frameOf(wireAppend({ prev: { ...wirePrev, index: 11n }, entries: encoded })),
      field: "messages[0].append.entries[0].chain",
    },
    {
      name: "entries follow another log",
      bytes: frameOf(wireAppend({ prev: { ...wirePrev, chain: 1 }, entries: encoded })),
      field: "messages[0].append.entries[0].chain",
    },
    {
      name: "entries are cut off",
      bytes: frameOf(wireAppend({ entries: encoded.subarray(0, encoded.length - 1) })),
      field: "messages[0].append.entries[2]",
    },
    {
      name: "an entry is of an unknown type",
      bytes: frameOf(wireAppend({ entries: encoded.slice().fill(3, 0, 1) })),
      field: "messages[0].append.entries[0].type",
    },
    {
      name: "a payload was changed",
      bytes: frameOf(wireAppend({ entries: encoded.with(encoded.length - 1, 77) })),
      field: "messages[0].append.entries[2].chain",
    },
    {
      name: "terms fall",
      bytes: encodeFrame([
        append(
          start,
          chained(start, [
            { term: 5, payload: new Uint8Array(1) },
            { term: 4, payload: new Uint8Array(1) },
          ]),
        ),
      ]),
      field: "messages[0].append.entries[1].term",
    },
    {
      name: "an entry is of a later term than its message",
      bytes: encodeFrame([append(start, chained(start, [{ term: 8, payload: new Uint8Array(1) }]))]),
      field: "messages[0].append.entries[0].term",
    },
    {
      name: "indexes leave the range",
      bytes: encodeFrame([
        append(
          { ...start, index: Number.MAX_SAFE_INTEGER },
          chained({ ...start, index: Number.MAX_SAFE_INTEGER }, commands(1, 1)),
        ),
      ]),
      field: "messages[0].append.entries[0].index",
    },
    {
      name: "a rejection agrees on something",
      bytes: frameOf({
        term: 1n,
        body: { case: "appendResponse", value: { rejection: { index: 5n }, matchIndex: 1n } },
      }),
      field: "messages[0].appendResponse.matchIndex",
    },
    {
      name: "a hint lies beyond what is rejected",
      bytes: frameOf({
        term: 1n,
        body: { case: "appendResponse", value: { rejection: { index: 5n, hintIndex: 6n } } },
      }),
      field: "messages[0].appendResponse.rejection.hintIndex",
    },
  ])("$name", ({ bytes, field }) => {
    expect(fieldOf(bytes)).toBe(field);
  });

  it("that is larger than it may be is refused", () => {
    const many = [0, 1].map(() => append(start, chained(start, commands(600, 1000))));
    expect(encodeFrame(many).length).toBeGreaterThan(MAX_FRAME_BYTES + 4096);
    expect(fieldOf(encodeFrame(many))).toBe("frame");
    expect(fieldOf(new Uint8Array(10 * 1024 * 1024))).toBe("frame");
  });
});

describe("whatever comes", () => {
  const whole = encodeFrame(samples);

  it("is a frame or a refusal that names a field", () => {
    let refused = 0;
    for (let seed = 0; seed < 6_000; seed++) {
      const field = fieldOf(mutated(whole, seededRandom(seed)));
      if (field === "none") continue;
      refused++;
      expect(field).toMatch(/^(frame|messages(\[\d+\](\.[a-zA-Z]+(\[\d+\])?)*)?)$/u);
    }
    expect(refused).toBeGreaterThan(3_000);
  });

  it("keeps to its ranges when it is taken", () => {
    let taken = 0;
    for (let seed = 0; seed < 3_000; seed++) {
      for (const message of takenOf(whole, seed)) {
        taken++;
        expect(Number.isSafeInteger(message.term) && message.term >= 0).toBe(true);
        const entries = message.type === "append" ? message.entries : [];
        expect(entries.every(({ term }) => term <= message.term)).toBe(true);
      }
    }
    expect(taken).toBeGreaterThan(1_000);
  });
});

/** Payloads by their checksum: comparing megabytes byte by byte takes long. */
function summaryOf(message: FrameMessage): unknown {
  if (message.type !== "append") return message;
  return {
    ...message,
    entries: message.entries.map((entry) => ({ ...entry, payload: crc32(entry.payload) })),
  };
}

function takenOf(whole: Uint8Array, seed: number): FrameMessage[] {
  try {
    return decode(mutated(whole, seededRandom(seed)));
  } catch {
    return [];
  }
}

/** Flips, cuts, repeats or removes some bytes. */
function mutated(whole: Uint8Array, random: Random): Uint8Array {
  let bytes = Uint8Array.from(whole);
  const at = (): number => Math.floor(random.next() * bytes.length);
  for (let changes = 1 + Math.floor(random.next() * 3); changes > 0; changes--) {
    const [a = 0, b = 0] = [at(), at()].toSorted((x, y) => x - y);
    const kind = Math.floor(random.next() * 5);
    if (kind === 0) bytes[a] = random.next() * 256;
    else if (kind === 1) bytes[a]! ^= 1 << Math.floor(random.next() * 8);
    else if (kind === 2) bytes = bytes.slice(0, b + 1);
    else if (kind === 3)
      bytes = Uint8Array.of(...bytes.subarray(0, b), ...bytes.subarray(a, b), ...bytes.subarray(b));
    else bytes = Uint8Array.of(...bytes.subarray(0, a), ...bytes.subarray(b));
  }
  return bytes;
}
