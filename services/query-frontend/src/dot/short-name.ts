const CPP_ANONYMOUS = /^\(anonymous namespace\)::/u;
/** A major version in a path of a Go package: `example.com/x/v2/y`. */
const GO_VERSION = /^(.*?)\/v(?:[2-9]|[1-9]\d+)([./].*)$/su;

/** For each language, what of a function's name people need; the first that fits counts. */
const SHORT_FORMS: readonly RegExp[] = [
  // Go: without the path of the package.
  /^(?:[\w\-.]+\/)+([^.]+\..+)/u,
  // Java: class and method, without package and arguments.
  /^(?:[a-z]\w*\.)*([A-Z][\w$]*\.(?:<init>|[a-z][\w$]*(?:\$\d+)?))(?:\(|$)/u,
  // C++: class and method, without namespaces.
  /^(?:[_a-zA-Z]\w*::)+(_*[A-Z]\w*::~?[_a-zA-Z]\w*(?:<.*>)?)/u,
];

/** A function's name as short as it can be understood. */
export function shortFunctionName(name: string): string {
  const plain = name.replace(CPP_ANONYMOUS, "").replace(GO_VERSION, "$1$2");
  for (const form of SHORT_FORMS) {
    const short = form.exec(plain)?.[1];
    if (short !== undefined) return short;
  }
  return plain;
}
