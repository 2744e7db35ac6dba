/**
 * Replaces `${NAME}` and `${NAME:-default}` by environment variables, as `-config.expand-env` asks. A variable that is
 * not set and has no default becomes empty. `$1`, `${1}` and a lone `$` stay: relabelling rules use them.
 */
export function expandVariables(text: string, env: Readonly<Record<string, string | undefined>>): string {
  return text.replaceAll(
    /\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}/gu,
    (_, name: string, fallback: string | undefined) => (env[name] ?? "") || (fallback ?? ""),
  );
}
