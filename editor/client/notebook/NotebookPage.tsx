import { lazy, Suspense } from "react";
import { Notices } from "../parts/Notices.tsx";
import { Starting } from "../parts/Starting.tsx";
import { usePageTitle } from "../parts/usePageTitle.ts";
import type { Route } from "../stores/route.ts";
import { NotebookBar } from "./parts/NotebookBar.tsx";
import { NotebookList } from "./parts/NotebookList.tsx";
import { titleOf } from "./stores/files.ts";
import "./notebook.css";

const NotebookView = lazy(() => import("./parts/NotebookView.tsx"));

/** The studio's notebooks: the list of them, or one that is open. */
export default function NotebookPage({ route }: { route: Extract<Route, { page: "notebook" | "notebooks" }> }) {
  usePageTitle(route.page === "notebook" ? titleOf(route.path).title : "Notebooks");
  return (
    <div className="app notebook-page">
      <NotebookBar route={route} />
      {route.page === "notebooks" ? (
        <NotebookList />
      ) : (
        <Suspense fallback={<Starting />}>
          <NotebookView path={route.path} />
        </Suspense>
      )}
      <Notices />
    </div>
  );
}
