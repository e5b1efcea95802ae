import { render } from "preact";
import { App } from "./app";
import { session } from "./session";
import { loadSettings, settings } from "./settings";
import "./style.css";

const place = document.getElementById("app")!;
loadSettings().then(
  async () => {
    document.title = settings().name;
    await session().resume();
    render(<App />, place);
  },
  (error: unknown) => {
    render(<p role="alert">The shop cannot open: {String(error)}. Reload the page to try again.</p>, place);
  },
);
