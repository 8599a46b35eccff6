import { lazy, Suspense, useEffect } from "react";
import { Notices } from "../parts/Notices.tsx";
import { Starting } from "../parts/Starting.tsx";
import type { Route } from "../stores/route.ts";
import { NotebookBar } from "./parts/NotebookBar.tsx";
import { NotebookList } from "./parts/NotebookList.tsx";
import { titleOf } from "./stores/files.ts";
import "./notebook.css";

const NotebookView = lazy(() => import("./parts/NotebookView.tsx"));

/** The studio's notebooks: the list of them, or one that is open. */
export default function NotebookPage({ route }: { route: Extract<Route, { page: "notebook" | "notebooks" }> }) {
  const title = route.page === "notebook" ? titleOf(route.path).title : "Notebooks";
  useEffect(() => {
    const before = document.title;
    document.title = `${title} – Flamingo Studio`;
    return () => {
      document.title = before;
    };
  }, [title]);
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
