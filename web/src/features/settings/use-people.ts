import { useMemo } from "react";
import { useData } from "@/graphql/client.ts";
import { useMay, useSession } from "@/graphql/session.ts";
import { PersonList } from "./people-operations.ts";

/** The names of people by their ids; who may not ask knows oneself. */
export function usePeople(): (id: string) => string {
  const mayAsk = useMay("users");
  const who = useSession((state) => state.who);
  const { data } = useData(PersonList, { after: null, first: 200 }, { enabled: mayAsk, retry: false, staleTime: 30_000 });
  return useMemo(() => {
    const names = new Map(data?.users.nodes.map((one) => [one.id, one.name]) ?? []);
    if (who?.user) names.set(who.user, who.name);
    return (id) => names.get(id) ?? id;
  }, [data, who]);
}
