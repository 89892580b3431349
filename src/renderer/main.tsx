/** Starts the app: styles, stores, the first notebook, and the page. */
import "./connection/early.ts";
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/spline-sans-mono/wght.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/cells.css";
import "./styles/live.css";
import "./styles/table.css";
import "./styles/inspector.css";
import "./styles/transport.css";
import "./styles/instrument.css";
import "./styles/compare.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { listenToKeys } from "./commands/keyboard.ts";
import { listenToMenu } from "./commands/menu.ts";
import { keepJournal, openInitial } from "./state/files.ts";
import { followTheme } from "./state/ui.ts";

followTheme();
listenToKeys();
listenToMenu();
keepJournal();
const root = document.getElementById("app");
if (root === null) throw new Error("index.html has no element with id app");
render(<App />, root);
void openInitial();
