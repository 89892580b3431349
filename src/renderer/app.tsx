/** The page: which part stands where. */
import { Header } from "./frame/header.tsx";
import { Overlays } from "./frame/overlays.tsx";
import { Sidebar } from "./frame/sidebar.tsx";
import { Inspector } from "./inspector/inspector.tsx";
import { NotebookView } from "./cells/notebook-view.tsx";
import { inspectorShown, sidebarShown } from "./state/ui.ts";
import { TransportBar } from "./transport/transport-bar.tsx";

export function App() {
  return (
    <div class="app">
      <Header />
      {sidebarShown.value && <Sidebar />}
      <NotebookView />
      {inspectorShown.value && <Inspector />}
      <TransportBar />
      <Overlays />
    </div>
  );
}
