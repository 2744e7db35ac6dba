import type { OtlpSamples } from "../otlp-export.ts";
import { RejectedProfile } from "./converted-export.ts";

export interface ValueRules {
  /** Events stand for so much each; 1 when values are what they are. */
  readonly scale: bigint;
  /** A sample may hold several values whatever its timestamps. */
  readonly hasManyValues: boolean;
}

const INT64_LIMIT = 2n ** 63n;

/**
 * What sample `index` counts: the sum of its values, or, when it has none, the number of its timestamps. Several values
 * belong to as many timestamps.
 *
 * @returns exact, as a bigint when a double cannot hold it; negative when the sender wrote so.
 * @throws {RejectedProfile} when values and timestamps do not go together, or the product does not fit 64 bits.
 */
export function sampleValue(samples: OtlpSamples, index: number, rules: ValueRules): number | bigint {
  const { valueCount, timestampCount } = samples;
  const values = valueCount[index]!;
  const timestamps = timestampCount[index]!;
  if (values === 0 && timestamps === 0) throw new RejectedProfile("sample has neither values nor timestamps");
  if (values > 1 && values !== timestamps && !rules.hasManyValues) {
    throw new RejectedProfile(
      `sample has as many values as neither timestamps nor one: values=${values} timestamps=${timestamps}`,
    );
  }
  const sum = values === 0 ? timestamps : sumOfValues(samples, index);
  return rules.scale === 1n ? inRange(sum) : scaled(sum, rules.scale);
}

function sumOfValues({ value, wideValue }: OtlpSamples, index: number): number | bigint {
  return wideValue.get(index) ?? value[index]!;
}

function scaled(value: number | bigint, scale: bigint): number | bigint {
  const product = Number(value) * Number(scale);
  return Number.isSafeInteger(product) ? product : inRange(BigInt(value) * scale);
}

function inRange(value: number | bigint): number | bigint {
  if (typeof value === "number" || (value < INT64_LIMIT && value >= -INT64_LIMIT)) return value;
  throw new RejectedProfile(`value does not fit 64 bits: value=${value}`);
}
