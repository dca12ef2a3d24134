/** Begins: theme, token from the address, then the routes. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/app.tsx";
import { restore, takeFromAddress } from "./graphql/session.ts";
import { showTheme } from "./lib/theme.ts";
import "./styles/tokens.css";
import "./styles/base.css";

showTheme();
takeFromAddress();
void restore();

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
