import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Skeleton } from "@/components/empty.tsx";
import { Facts, Section } from "@/components/facts.tsx";
import { Select } from "@/components/field.tsx";
import { LogLines } from "@/components/log-lines.tsx";
import { Notice } from "@/components/notice.tsx";
import { Status } from "@/components/status.tsx";
import { Button } from "@/components/button.tsx";
import { Moment } from "@/components/time.tsx";
import { request, useData } from "@/graphql/client.ts";
import type { PluginLogLevel } from "@/graphql/generated/graphql.ts";
import { asProblem } from "@/graphql/problem.ts";
import { formatNumber, formatSpan } from "@/lib/format.ts";
import { useLanguage, useWords } from "@/lib/language.ts";
import { PluginHealth, PluginLogs } from "./operations.ts";
import { words } from "./words.ts";

const EVERY = 5_000;
const PAGE = 100;
const LEVELS = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"] as const satisfies readonly PluginLogLevel[];

/** How the plugin has fared since the server was started. */
export function Health({ name }: { name: string }) {
  const t = useWords(words);
  const language = useLanguage((state) => state.language);
  const { data, error } = useData(PluginHealth, { name }, { refetchInterval: EVERY, retry: false });
  const health = data?.plugin.health;
  const number = (value: number) => <span className="number">{formatNumber(value, language)}</span>;
  return (
    <Section
      title={t("health")}
      beside={health && (health.failures > 0 ? <Status tone="warned">{t("failures", { n: health.failures })}</Status> : health.calls > 0 ? <Status tone="good">{t("noFailures")}</Status> : undefined)}
    >
      {error && !health && <Notice problem={asProblem(error)} />}
      {!health && !error && <Skeleton rows={3} height={18} />}
      {health && health.calls === 0 && health.failures === 0 && <p className="muted">{t("neverCalled")}</p>}
      {health && (health.calls > 0 || health.failures > 0) && (
        <Facts
          facts={[
            [t("instances"), number(health.instances)],
            [t("calls"), number(health.calls)],
            [t("callTime"), health.calls > 0 ? t("perCall", { whole: formatSpan(health.seconds * 1_000), each: formatSpan((health.seconds * 1_000) / health.calls) }) : undefined],
            [t("failed"), number(health.failures)],
            [t("traps"), number(health.traps)],
            [t("limitHits"), number(health.limitHits)],
          ]}
        />
      )}
      {health?.lastFailure && (
        <>
          <p className="muted plugin-failure">
            {t("lastFailure")} <Moment at={health.lastFailure.at} />
          </p>
          <Notice problem={health.lastFailure.error} />
        </>
      )}
    </Section>
  );
}

/** The last lines it logged, the newest at the end. */
export function Logs({ name }: { name: string }) {
  const t = useWords(words);
  const [level, setLevel] = useState<PluginLogLevel>("TRACE");
  const { data, error, hasNextPage, fetchNextPage, isFetching } = useInfiniteQuery({
    queryKey: ["PluginLogs", name, level],
    queryFn: ({ pageParam, signal }) => request(PluginLogs, { name, level, after: pageParam, first: PAGE }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => (last.plugin.logs.pageInfo.hasNextPage ? last.plugin.logs.pageInfo.endCursor : undefined),
    refetchInterval: EVERY,
    retry: false,
  });
  const lines = (data?.pages.flatMap((page) => page.plugin.logs.nodes) ?? []).toReversed();
  return (
    <Section
      title={t("logs")}
      beside={
        <Select className="plugin-level" aria-label={t("logLevel")} value={level} onChange={(event) => setLevel(event.target.value as PluginLogLevel)}>
          {LEVELS.map((one) => (
            <option key={one} value={one}>
              {one.toLowerCase()}
            </option>
          ))}
        </Select>
      }
    >
      <p className="field-help">{t("logsText")}</p>
      {error && !data && <Notice problem={asProblem(error)} />}
      {data && lines.length === 0 && <p className="muted">{t("noLines")}</p>}
      {lines.length > 0 && (
        <div className="plugin-log">
          <LogLines
            label={t("logs")}
            lines={lines.map(({ at, level: own, call, message, fields }) => ({ at, level: own.toLowerCase(), message: [call, message, fields].filter(Boolean).join("  ") }))}
            empty={t("noLines")}
            latest={t("latest")}
          />
        </div>
      )}
      {hasNextPage && (
        <Button isBusy={isFetching} onClick={() => void fetchNextPage()}>
          {t("olderLines")}
        </Button>
      )}
    </Section>
  );
}
