import { ReactFlowProvider } from "@xyflow/react";
import { useEffect } from "react";
import { Canvas } from "./parts/Canvas.tsx";
import { ConnectionBar } from "./parts/ConnectionBar.tsx";
import { Dialogs } from "./parts/Dialogs.tsx";
import { Dock } from "./parts/Dock.tsx";
import { Inside } from "./parts/Inside.tsx";
import { Inspector } from "./parts/Inspector.tsx";
import { Notices } from "./parts/Notices.tsx";
import { Palette } from "./parts/Palette.tsx";
import { Problems } from "./parts/Problems.tsx";
import { TopBar } from "./parts/TopBar.tsx";
import { listenForShortcuts } from "./stores/context.ts";
import { useEditor } from "./stores/editor.ts";

/** The page: what can be done on top, the pipeline in the middle, the run below. */
export function App() {
  const inside = useEditor((editor) => editor.inside.length > 0);
  useEffect(listenForShortcuts, []);
  return (
    <div className="app">
      <TopBar />
      <ConnectionBar />
      <main className="stage">
        {inside ? (
          <Inside />
        ) : (
          <ReactFlowProvider>
            <Canvas />
            <Palette />
            <Inspector />
          </ReactFlowProvider>
        )}
        <Notices />
      </main>
      {!inside && <Problems />}
      <Dock />
      <Dialogs />
    </div>
  );
}
