/** Units that are shown in another one: how much of the shown one each is. */
interface Scale {
  readonly shown: string;
  readonly factors: ReadonlyMap<string, number>;
}

const KIB = 1024;

const BYTES: Scale = {
  shown: "B",
  factors: new Map([
    ...["b", "byte"].map((unit) => [unit, 1] as const),
    ...["kb", "kbyte", "kilobyte"].map((unit) => [unit, KIB] as const),
    ...["mb", "mbyte", "megabyte"].map((unit) => [unit, KIB ** 2] as const),
    ...["gb", "gbyte", "gigabyte"].map((unit) => [unit, KIB ** 3] as const),
    ...["tb", "tbyte", "terabyte"].map((unit) => [unit, KIB ** 4] as const),
    ...["pb", "pbyte", "petabyte"].map((unit) => [unit, KIB ** 5] as const),
  ]),
};

const SECONDS: Scale = {
  shown: "s",
  factors: new Map([
    ...["ns", "nanosecond"].map((unit) => [unit, 1e-9] as const),
    ...["us", "μs", "microsecond"].map((unit) => [unit, 1e-6] as const),
    ...["ms", "millisecond"].map((unit) => [unit, 1e-3] as const),
    ...["s", "sec", "second"].map((unit) => [unit, 1] as const),
    ...["hrs", "hour"].map((unit) => [unit, 3600] as const),
  ]),
};

/** A value for people: times in seconds, sizes in bytes, everything else as it is; at most two decimals. */
export function valueText(value: number, unit: string): string {
  const scale = [BYTES, SECONDS].find(({ factors }) => factors.has(singular(unit)));
  const shown = value * (scale?.factors.get(singular(unit)) ?? 1);
  const text = shown.toFixed(2).replace(/\.00$/u, "");
  return text === "0" ? "0" : text + (scale?.shown ?? "");
}

function singular(unit: string): string {
  const lower = unit.toLowerCase();
  return lower.length > 2 ? lower.replace(/s$/u, "") : lower;
}

/** The share of `value` in `total`: two decimals, below 1 % two significant digits. */
export function percentText(value: number, total: number): string {
  const percent = total === 0 ? 0 : (Math.abs(value) / Math.abs(total)) * 100;
  if (percent >= 99.95 && percent <= 100.05) return "100%";
  return percent >= 1 ? `${percent.toFixed(2)}%` : `${twoDigits(percent)}%`;
}

function twoDigits(value: number): string {
  if (value === 0) return "0";
  if (value >= 1e-4) return String(Number(value.toPrecision(2)));
  const [mantissa = "", exponent = ""] = Number(value.toPrecision(2)).toExponential().split("e-");
  return `${mantissa}e-${exponent.padStart(2, "0")}`;
}
