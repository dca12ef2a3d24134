/** The alert policy as a document: read for people, and changed entry by entry so that comments and order stay. Pure. */
import { isMap, isSeq, parseDocument, type Document } from "yaml";

export interface Window {
  by: string[];
  window: string;
}

export interface Route {
  severity: string[];
  workflow: string;
  labels: Record<string, string>;
  channels: string[];
  replace: boolean;
  group: Window | null;
  dedupe: Window | null;
  escalate: { after: string; channels: string[] }[];
  stop: boolean;
}

export interface Rules {
  rate: { limit: number; per: string } | null;
  quiet: { from: string; to: string; zone: string; days: string[]; except: string[]; then: string } | null;
  retry: { attempts: number | null; backoff: string; max: string } | null;
}

export interface Template {
  subject: string;
  text: string;
  markdown: string;
  fields: Record<string, string>;
}

export interface PolicyView {
  routes: Route[];
  channels: [name: string, rules: Rules][];
  templates: [name: string, template: Template][];
}

export const NO_ROUTE: Route = { severity: [], workflow: "", labels: {}, channels: [], replace: false, group: null, dedupe: null, escalate: [], stop: false };
export const NO_RULES: Rules = { rate: null, quiet: null, retry: null };
export const NO_TEMPLATE: Template = { subject: "", text: "", markdown: "", fields: {} };

/** What the text says; undefined where it is no mapping. What does not fit is left to the server to tell. */
export function readPolicy(text: string): PolicyView | undefined {
  const document = parse(text);
  if (!document) return undefined;
  const root = asObject(document.toJS());
  return {
    routes: asList(root["routes"]).map(readRoute),
    channels: Object.entries(asObject(root["channels"])).map(([name, rules]) => [name, readRules(rules)]),
    templates: Object.entries(asObject(root["templates"])).map(([name, template]) => [name, readTemplate(template)]),
  };
}

function readRoute(value: unknown): Route {
  const route = asObject(value);
  const match = asObject(route["match"]);
  return {
    severity: asWords(match["severity"]),
    workflow: asText(match["workflow"]),
    labels: asTexts(match["labels"]),
    channels: asWords(route["channels"]),
    replace: route["replace"] === true,
    group: readWindow(route["group"]),
    dedupe: readWindow(route["dedupe"]),
    escalate: asList(route["escalate"]).map((one) => ({ after: asText(asObject(one)["after"]), channels: asWords(asObject(one)["channels"]) })),
    stop: route["stop"] === true,
  };
}

function readWindow(value: unknown): Window | null {
  if (value === undefined || value === null) return null;
  return { by: asWords(asObject(value)["by"]), window: asText(asObject(value)["window"]) };
}

function readRules(value: unknown): Rules {
  const rules = asObject(value);
  const [rate, quiet, retry] = [asObject(rules["rate"]), asObject(rules["quiet"]), asObject(rules["retry"])];
  return {
    rate: rules["rate"] ? { limit: Number(rate["limit"]) || 0, per: asText(rate["per"]) } : null,
    quiet: rules["quiet"]
      ? { from: asText(quiet["from"]), to: asText(quiet["to"]), zone: asText(quiet["zone"]), days: asWords(quiet["days"]), except: asWords(quiet["except"]), then: asText(quiet["then"]) }
      : null,
    retry: rules["retry"] ? { attempts: typeof retry["attempts"] === "number" ? retry["attempts"] : null, backoff: asText(retry["backoff"]), max: asText(retry["max"]) } : null,
  };
}

function readTemplate(value: unknown): Template {
  const template = asObject(value);
  return { subject: asText(template["subject"]), text: asText(template["text"]), markdown: asText(template["markdown"]), fields: asTexts(template["fields"]) };
}

/** The text with the route at that place; a place behind the last adds one. */
export function setRoute(text: string, place: number, route: Route): string {
  const match = given({ severity: oneOrMore(route.severity), labels: filled(route.labels), workflow: route.workflow });
  const value = given({
    match: filled(match),
    channels: several(route.channels),
    replace: route.replace || undefined,
    group: route.group ? given({ by: several(route.group.by), window: route.group.window }) : undefined,
    dedupe: route.dedupe ? given({ by: several(route.dedupe.by), window: route.dedupe.window }) : undefined,
    escalate: several(route.escalate),
    stop: route.stop || undefined,
  });
  return change(text, (document) => {
    if (!isSeq(document.get("routes"))) document.set("routes", document.createNode([]));
    document.setIn(["routes", place], document.createNode(value));
  });
}

export function removeRoute(text: string, place: number): string {
  return change(text, (document) => {
    document.deleteIn(["routes", place]);
    dropEmpty(document, "routes");
  });
}

/** The text with a route one place further up. */
export function raiseRoute(text: string, place: number): string {
  return change(text, (document) => {
    const routes = document.get("routes");
    if (!isSeq(routes) || place < 1) return;
    const [moved] = routes.items.splice(place, 1);
    if (moved !== undefined) routes.items.splice(place - 1, 0, moved);
  });
}

/** The text with rules of a channel; without any, the channel is not named any more. */
export function setRules(text: string, name: string, rules: Rules): string {
  const value = given({
    rate: rules.rate ?? undefined,
    quiet: rules.quiet
      ? given({ from: rules.quiet.from, to: rules.quiet.to, zone: rules.quiet.zone, days: several(rules.quiet.days), except: oneOrMore(rules.quiet.except), then: rules.quiet.then })
      : undefined,
    retry: rules.retry ? given({ attempts: rules.retry.attempts ?? undefined, backoff: rules.retry.backoff, max: rules.retry.max }) : undefined,
  });
  return setNamed(text, "channels", name, value);
}

/** The text with a template; without a word in it, the template is gone. */
export function setTemplate(text: string, name: string, template: Template): string {
  return setNamed(text, "templates", name, given({ ...template, fields: filled(template.fields) }));
}

function setNamed(text: string, section: string, name: string, value: Record<string, unknown>): string {
  return change(text, (document) => {
    if (Object.keys(value).length === 0) {
      document.deleteIn([section, name]);
      dropEmpty(document, section);
      return;
    }
    if (!isMap(document.get(section))) document.set(section, document.createNode({}));
    document.setIn([section, name], document.createNode(value));
  });
}

function change(text: string, edit: (document: Document) => void): string {
  const document = parse(text);
  if (!document) return text;
  if (document.contents === null) document.contents = document.createNode({});
  edit(document);
  if (isMap(document.contents) && document.contents.items.length === 0) return "";
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function parse(text: string): Document | undefined {
  const document = parseDocument(text, { strict: false });
  if (document.errors.length > 0) return undefined;
  if (document.contents !== null && !isMap(document.contents)) return undefined;
  return document;
}

function dropEmpty(document: Document, section: string): void {
  const value = document.get(section);
  if ((isSeq(value) || isMap(value)) && value.items.length === 0) document.delete(section);
}

/** Without what is empty. */
function given(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ""));
}

const filled = (values: Record<string, unknown>) => (Object.keys(values).length > 0 ? values : undefined);
const several = <T>(values: readonly T[]) => (values.length > 0 ? values : undefined);
const oneOrMore = (values: readonly string[]) => (values.length > 1 ? values : values[0]);

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function asText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

function asWords(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).map(asText).filter(Boolean);
}

function asTexts(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(asObject(value)).map(([name, own]) => [name, asText(own)]));
}

/** `a=b, c=d` as labels. */
export function readPairs(text: string, by = /[,，\n]/, sign = "="): Record<string, string> {
  const pairs = text.split(by).flatMap((pair): [string, string][] => {
    const at = pair.indexOf(sign);
    const name = (at < 0 ? pair : pair.slice(0, at)).trim();
    return name === "" ? [] : [[name, at < 0 ? "*" : pair.slice(at + sign.length).trim()]];
  });
  return Object.fromEntries(pairs);
}

export function readList(text: string): string[] {
  return text.split(/[,，\s]+/).filter(Boolean);
}
