import { render } from "preact";
import { App } from "./app";
import { takeUp } from "./session";
import { loadSettings } from "./settings";
import "./style.css";
import { applyTheme } from "./theme";

applyTheme();
const place = document.getElementById("app")!;
loadSettings().then(
  async (settings) => {
    document.title = `${settings.stack} · Conveyor`;
    render(<App refusal={await takeUp()} />, place);
  },
  (error: unknown) => {
    render(<p role="alert">The console cannot start: {String(error)}. Reload the page to try again.</p>, place);
  },
);
