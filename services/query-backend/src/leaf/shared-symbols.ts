import { pickSymbols, SymbolsBuilder, type Symbols } from "@hearth/symbols";

/** Symbols that the datasets of a thread share: merged once for each dataset, then stack traces are numbers. */
export class SharedSymbols {
  /** Distinguishes the numbers of this table from those of others. */
  readonly id: number;
  readonly #builder = new SymbolsBuilder();

  constructor(id: number) {
    this.id = id;
  }

  get stacktraceCount(): number {
    return this.#builder.stacktraceCount;
  }

  /** Memory, about. */
  get sizeBytes(): number {
    return this.#builder.strings.sizeBytes + this.#builder.locationCount * 64 + this.stacktraceCount * 16;
  }

  /** For each stack trace of `symbols` its number here. */
  merge(symbols: Symbols): Uint32Array {
    const all = Uint32Array.from(symbols.stacktraces.parent, (_, index) => index);
    return this.#builder.merge(symbols, all);
  }

  /** Only what `used` needs, and for each stack trace here its number there. */
  extract(used: Uint32Array): { symbols: Symbols; remap: Uint32Array } {
    return pickSymbols(this.#builder.view(), used);
  }
}
