/** Systems, the settings a form asks for, and a connection's address in one line. Pure: no React. */
import type { Pair } from "@/lib/language.ts";

export interface SettingField {
  name: string;
  label: Pair;
  isNumber?: boolean;
  isNeeded?: boolean;
  placeholder?: string;
}

export interface System {
  id: string;
  name: string;
  fields: readonly SettingField[];
  /** What an address of it looks like. */
  example: string;
  hasSecret: boolean;
}

const host = (placeholder = "localhost"): SettingField => ({ name: "host", label: ["Host", "主机"], placeholder });
const port = (usual: number): SettingField => ({ name: "port", label: ["Port", "端口"], isNumber: true, placeholder: String(usual) });
const user = (placeholder = ""): SettingField => ({ name: "user", label: ["User", "用户"], placeholder });
const database: SettingField = { name: "database", label: ["Database", "数据库"] };

export const SYSTEMS: readonly System[] = [
  {
    id: "postgres",
    name: "PostgreSQL · TimescaleDB",
    fields: [host(), port(5432), user("postgres"), database],
    example: "postgres://user:password@host:5432/database",
    hasSecret: true,
  },
  {
    id: "mysql",
    name: "MySQL · MariaDB",
    fields: [host(), port(3306), user("root"), database],
    example: "mysql://user:password@host:3306/database",
    hasSecret: true,
  },
  {
    id: "tdengine",
    name: "TDengine",
    fields: [host(), port(6041), user("root"), database],
    example: "tdengine://user:password@host:6041/database",
    hasSecret: true,
  },
  {
    id: "redis",
    name: "Redis",
    fields: [host(), port(6379), user(), { ...database, isNumber: true, placeholder: "0" }],
    example: "redis://user:password@host:6379/0",
    hasSecret: true,
  },
  {
    id: "sqlite",
    name: "SQLite",
    fields: [{ name: "path", label: ["File on the server", "服务器上的文件"], isNeeded: true, placeholder: "/data/shop.db" }],
    example: "sqlite:///absolute/path.db",
    hasSecret: false,
  },
  {
    id: "http",
    name: "HTTP",
    fields: [{ name: "url", label: ["Address", "地址"], isNeeded: true, placeholder: "https://api.example.com" }, user()],
    example: "https://user:password@api.example.com",
    hasSecret: true,
  },
];

export function findSystem(id: string): System | undefined {
  return SYSTEMS.find((system) => system.id === id);
}

export type Settings = Record<string, unknown>;

/** Settings as the server sent them; what is no object counts as none. */
export function readSettings(text: string): Settings {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Settings) : {};
  } catch {
    return {};
  }
}

/** `db.example.com:5432/history`: where it leads, without anything secret. */
export function addressOf(system: string, settings: Settings): string {
  const text = (key: string) => {
    const value = settings[key];
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  if (text("path")) return text("path");
  if (text("url")) return text("url");
  const place = text("host") || (findSystem(system)?.fields.some((field) => field.name === "host") ? "localhost" : "");
  return `${place}${text("port") ? `:${text("port")}` : ""}${text("database") ? `/${text("database")}` : ""}`;
}

/** What a form holds: its own fields as text, every further setting as JSON text. */
export interface SettingsForm {
  values: Record<string, string>;
  further: string;
}

export function toForm(system: System, settings: Settings): SettingsForm {
  const values: Record<string, string> = {};
  const further: Settings = {};
  for (const [key, value] of Object.entries(settings)) {
    const isOwn = system.fields.some((field) => field.name === key) && (typeof value === "string" || typeof value === "number");
    if (isOwn) values[key] = String(value);
    else further[key] = value;
  }
  return { values, further: Object.keys(further).length > 0 ? JSON.stringify(further, null, 2) : "" };
}

/** The settings a form means; undefined where the further ones are no JSON object. An empty field is left to its default. */
export function fromForm(system: System, form: SettingsForm): Settings | undefined {
  let settings: Settings = {};
  if (form.further.trim() !== "") {
    try {
      const value: unknown = JSON.parse(form.further);
      if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
      settings = { ...(value as Settings) };
    } catch {
      return undefined;
    }
  }
  for (const field of system.fields) {
    const text = (form.values[field.name] ?? "").trim();
    // What is no number goes to the server as it is: it knows best what is wrong with it.
    if (text !== "") settings[field.name] = field.isNumber && /^\d+$/.test(text) ? Number(text) : text;
  }
  return settings;
}
