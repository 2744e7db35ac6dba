import type { WorkingProfile } from "./working-profile.ts";

const LANGUAGE_OF_SPY = new Map([
  ["dotnetspy", "dotnet"],
  ["gospy", "go"],
  ["phpspy", "php"],
  ["pyspy", "python"],
  ["rbspy", "ruby"],
  ["nodespy", "nodejs"],
  ["javaspy", "java"],
  ["grafana-agent.java", "java"],
  ["pyroscope-rs", "rust"],
]);

/** Tried in this order on each string. */
const LANGUAGE_OF_MARK = [
  { language: "go", marks: [".go", "/usr/local/go/"] },
  { language: "java", marks: ["java/", "sun/"] },
  { language: "ruby", marks: [".rb", "gems/"] },
  { language: "nodejs", marks: ["./node_modules/", ".js"] },
  { language: "dotnet", marks: ["System.", "Microsoft."] },
  { language: "python", marks: [".py"] },
  { language: "rust", marks: ["main.rs", "core.rs"] },
].flatMap(({ language, marks }) => marks.map((mark) => ({ language, mark: Buffer.from(mark) })));

/**
 * The language a profile was made by: what the agent says, else what the first string says that begins or ends like a
 * file or package of a language.
 *
 * @param spyName - label `pyroscope_spy`, empty when absent.
 * @returns `unknown` when nothing tells.
 */
export function detectLanguage(profile: WorkingProfile, spyName: string): string {
  return LANGUAGE_OF_SPY.get(spyName) ?? languageOfStrings(profile);
}

function languageOfStrings({ bytes, stringStart, stringEnd, stringCount }: WorkingProfile): string {
  for (let index = 0; index < stringCount; index++) {
    const start = stringStart[index]!;
    const end = stringEnd[index]!;
    for (const { language, mark } of LANGUAGE_OF_MARK) {
      if (end - start < mark.length) continue;
      if (matchesAt(bytes, start, mark) || matchesAt(bytes, end - mark.length, mark)) return language;
    }
  }
  return "unknown";
}

function matchesAt(bytes: Uint8Array, position: number, mark: Uint8Array): boolean {
  for (let i = 0; i < mark.length; i++) {
    if (bytes[position + i] !== mark[i]) return false;
  }
  return true;
}
