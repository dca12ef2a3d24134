/** What everything stands in: server data, hints, messages, and the router. */
import { QueryClientProvider } from "@tanstack/react-query";
import { Tooltip } from "radix-ui";
import { useEffect } from "react";
import { createBrowserRouter, Navigate, RouterProvider } from "react-router";
import { Toasts } from "@/components/toast.tsx";
import { queryClient } from "@/graphql/client.ts";
import { useLanguage } from "@/lib/language.ts";
import { setNonce } from "@/lib/nonce.ts";
import { ErrorScreen } from "./error-screen.tsx";
import { features } from "./features.ts";
import { Frame } from "./frame.tsx";
import { NotFound } from "./not-found.tsx";

setNonce();

const router = createBrowserRouter([
  {
    path: "/",
    element: <Frame />,
    errorElement: <ErrorScreen />,
    hydrateFallbackElement: <></>,
    children: [
      {
        errorElement: <ErrorScreen />,
        children: [
          { index: true, element: <Navigate to="/workflows" replace /> },
          ...features.flatMap((feature) => [...feature.routes]),
          { path: "*", element: <NotFound /> },
        ],
      },
    ],
  },
]);

export function App() {
  const language = useLanguage((state) => state.language);
  useEffect(() => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  }, [language]);
  return (
    <QueryClientProvider client={queryClient}>
      <Tooltip.Provider delayDuration={350}>
        <RouterProvider router={router} />
        <Toasts />
      </Tooltip.Provider>
    </QueryClientProvider>
  );
}
