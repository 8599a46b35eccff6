import { useEffect, useState } from "react";
import { drawStored } from "../stores/picture.ts";
import { useTheme } from "../stores/theme.ts";

/** What was drawn since the page was loaded, by theme and pipeline. */
const drawn = new Map<string, Promise<string>>();

/** A template's graph in small, drawn when it is looked at. One that cannot be drawn has an empty place: its name stands beside it. */
export function PipelinePicture({ id }: { id: string }) {
  const theme = useTheme();
  const [source, setSource] = useState<string | undefined>(undefined);
  useEffect(() => {
    const key = `${theme} ${id}`;
    const picture = drawn.get(key) ?? drawStored(id);
    drawn.set(key, picture);
    picture.then(setSource, () => drawn.delete(key));
  }, [id, theme]);
  return <span className="pipeline-picture">{source && <img src={source} alt="" />}</span>;
}
