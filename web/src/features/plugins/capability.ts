/** What a plugin asks for and was granted, as a form shows and reads it. Pure: no React. */

/** As `plugin.toml` asks. */
export interface Asks {
  http: string[];
  tcp: string[];
  secrets: string[];
  sql: string[];
  redis: string[];
  clock: boolean;
  kv: boolean;
}

/** The form. Addresses stand one on each line; what is empty is not granted. */
export interface GrantForm {
  http: string;
  tcp: string;
  /** Where each secret comes from: `env:NAME`, `file:/path`. */
  secrets: Record<string, string>;
  /** The connection behind each name that the plugin has for one. */
  sql: Record<string, string>;
  redis: Record<string, string>;
  clock: boolean;
  kv: boolean;
}

export function readAsks(text: string): Asks {
  let value: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === "object" && parsed !== null) value = parsed as Record<string, unknown>;
  } catch {
    // What cannot be read asks for nothing.
  }
  const texts = (key: string) => (Array.isArray(value[key]) ? value[key].filter((one): one is string => typeof one === "string") : []);
  return { http: texts("http"), tcp: texts("tcp"), secrets: texts("secrets"), sql: texts("sql"), redis: texts("redis"), clock: value["clock"] === true, kv: value["kv"] === true };
}

export function asksNothing(asks: Asks): boolean {
  const lists = [asks.http, asks.tcp, asks.secrets, asks.sql, asks.redis];
  return !asks.clock && !asks.kv && lists.every((list) => list.length === 0);
}

/** What is asked for, a line each: names of secrets and connections stand without a value. */
export function spellAsks(asks: Asks): string[] {
  const named = (kind: "secrets" | "sql" | "redis", word: string) => asks[kind].map((name) => `${word}:${name}`);
  return [
    ...asks.http.map((pattern) => `http:${pattern}`),
    ...asks.tcp.map((pattern) => `tcp:${pattern}`),
    ...named("secrets", "secret"),
    ...named("sql", "sql"),
    ...named("redis", "redis"),
    ...(asks.clock ? ["clock"] : []),
    ...(asks.kv ? ["kv"] : []),
  ];
}

/** The form of what was granted. */
export function formOf(asks: Asks, grants: readonly string[]): GrantForm {
  const of = (kind: string) => grants.filter((grant) => grant.startsWith(`${kind}:`)).map((grant) => grant.slice(kind.length + 1));
  const named = (kind: string, names: readonly string[]) => {
    const given = new Map(of(kind).map((pair) => splitOnce(pair, "=")));
    return Object.fromEntries(names.map((name) => [name, given.get(name) ?? ""]));
  };
  return {
    http: of("http").join("\n"),
    tcp: of("tcp").join("\n"),
    secrets: named("secret", asks.secrets),
    sql: named("sql", asks.sql),
    redis: named("redis", asks.redis),
    clock: grants.includes("clock"),
    kv: grants.includes("kv"),
  };
}

/** A connection of the server, and whether it may be changed: `history:write`. */
export function readConnection(value: string): { connection: string; mayWrite: boolean } {
  const mayWrite = value.endsWith(":write");
  return { connection: mayWrite ? value.slice(0, -":write".length) : value, mayWrite };
}

export function spellConnection({ connection, mayWrite }: { connection: string; mayWrite: boolean }): string {
  return connection !== "" && mayWrite ? `${connection}:write` : connection;
}

/** The form with everything that can be granted as it is asked; what needs a choice of the person's stays as it is. */
export function withAll(asks: Asks, form: GrantForm): GrantForm {
  return { ...form, http: form.http.trim() || asks.http.join("\n"), tcp: form.tcp.trim() || asks.tcp.join("\n"), clock: asks.clock, kv: asks.kv };
}

export function isEmpty(form: GrantForm): boolean {
  return grantsOf(form).length === 0;
}

/** The grants that a form says, as the server takes them. */
export function grantsOf(form: GrantForm): string[] {
  const lines = (text: string) => text.split(/[\s,，]+/).filter(Boolean);
  const named = (kind: string, values: Record<string, string>) =>
    Object.entries(values).filter(([, value]) => value.trim() !== "").map(([name, value]) => `${kind}:${name}=${value.trim()}`);
  return [
    ...lines(form.http).map((pattern) => `http:${pattern}`),
    ...lines(form.tcp).map((pattern) => `tcp:${pattern}`),
    ...named("secret", form.secrets),
    ...named("sql", form.sql),
    ...named("redis", form.redis),
    ...(form.clock ? ["clock"] : []),
    ...(form.kv ? ["kv"] : []),
  ];
}

/** What is granted now and was not before, and the other way round. */
export function changesOf(before: readonly string[], after: readonly string[]): { more: string[]; less: string[] } {
  return { more: after.filter((grant) => !before.includes(grant)), less: before.filter((grant) => !after.includes(grant)) };
}

/** An address pattern taken apart, for a sentence about it. */
export interface Address {
  /** `any`, `below` a domain, or exactly one host. */
  reach: "any" | "below" | "one";
  host: string;
  /** Absent: any port. */
  port: string | undefined;
  /** `http` and `https` of requests; absent for plain connections. */
  scheme: string | undefined;
}

const USUAL: Record<string, string> = { https: "443", http: "80" };

export function readAddress(pattern: string): Address | undefined {
  const [, scheme, rest = ""] = /^(?:(https?):\/\/)?(.+)$/.exec(pattern) ?? [];
  const [, bare = "", given] = /^(\[[^\]]*\]|[^:]*)(?::(\*|\d+))?$/.exec(rest) ?? [];
  if (bare === "") return undefined;
  const port = given === "*" ? undefined : (given ?? (scheme ? USUAL[scheme] : undefined));
  if (bare === "*") return { reach: "any", host: "", port, scheme };
  if (bare.startsWith("*.")) return { reach: "below", host: bare.slice(2), port, scheme };
  return { reach: "one", host: bare, port, scheme };
}

/** Whether the port goes without saying. */
export function isUsualPort(address: Address): boolean {
  return address.scheme !== undefined && address.port === USUAL[address.scheme];
}

/** Whether the version before is older, by its three numbers: larger first. */
export function compareVersions(a: string, b: string): number {
  const numbers = (version: string) => version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  const [left, right] = [numbers(a), numbers(b)];
  for (let place = 0; place < 3; place++) {
    const difference = (right[place] ?? 0) - (left[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function splitOnce(text: string, by: string): [string, string] {
  const at = text.indexOf(by);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
