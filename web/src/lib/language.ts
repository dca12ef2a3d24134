/**
 * The language of the screen. Words stand beside the component that shows them, as pairs of English and Chinese, so that
 * none can be forgotten; `useWords` answers the right one.
 */
import { useMemo } from "react";
import { create } from "zustand";
import { keep, kept } from "./storage.ts";

export type Language = "en" | "zh";
export type Pair = readonly [en: string, zh: string];
export type Words = Readonly<Record<string, Pair>>;
export type Values = Readonly<Record<string, string | number>>;
export type Translate<W extends Words> = (word: keyof W & string, values?: Values) => string;

interface LanguageState {
  language: Language;
  setLanguage: (language: Language) => void;
}

function first(): Language {
  const saved = kept("language");
  if (saved === "en" || saved === "zh") return saved;
  return typeof navigator !== "undefined" && navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export const useLanguage = create<LanguageState>()((set) => ({
  language: first(),
  setLanguage: (language) => {
    keep("language", language);
    set({ language });
  },
}));

/** The pair's word in that language. */
export function pick(pair: Pair, language: Language): string {
  return language === "zh" ? pair[1] : pair[0];
}

/** Fills `{name}` in, and chooses in `{count|row|rows}` by whether `count` is one. */
export function fill(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)(?:\|([^|}]*)\|([^}]*))?\}/g, (whole, name: string, one?: string, many?: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    if (one !== undefined && many !== undefined) return Number(value) === 1 ? one : many;
    return typeof value === "number" ? value.toLocaleString(locale(useLanguage.getState().language)) : value;
  });
}

export function locale(language: Language): string {
  return language === "zh" ? "zh-CN" : "en-US";
}

/** Speaks the words of one place in the language of the screen. */
export function useWords<W extends Words>(words: W): Translate<W> {
  const language = useLanguage((state) => state.language);
  return useMemo(() => speak(words, language), [words, language]);
}

/** The same outside of a component. */
export function speak<W extends Words>(words: W, language: Language = useLanguage.getState().language): Translate<W> {
  return (word, values) => {
    const pair = words[word];
    return pair ? fill(pick(pair, language), values) : word;
  };
}
