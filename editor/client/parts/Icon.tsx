const paths = {
  play: "M5 3.4v9.2c0 .6.7 1 1.2.6l7-4.6c.5-.3.5-1 0-1.3l-7-4.5C5.7 2.4 5 2.8 5 3.4Z",
  pause: "M4.5 3h2v10h-2zM9.5 3h2v10h-2z",
  stop: "M4 4h8v8H4z",
  undo: "M6 3.5 2.5 7 6 10.5M2.8 7h6.7a3.7 3.7 0 0 1 0 7.4H7",
  redo: "M10 3.5 13.5 7 10 10.5M13.2 7H6.5a3.7 3.7 0 0 0 0 7.4H9",
  sun: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6ZM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13",
  moon: "M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.3 10.3 14 14",
  close: "M4 4l8 8M12 4l-8 8",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  folder: "M2 4.5c0-.6.4-1 1-1h3l1.5 1.5H13c.6 0 1 .4 1 1v6c0 .6-.4 1-1 1H3c-.6 0-1-.4-1-1Z",
  save: "M3 2.5h8L13.5 5v8.5h-11v-11ZM5 2.5v3.5h5V2.5M4.8 13.5V9.5h6.4v4",
  lock: "M4.5 7.5h7v6h-7zM5.8 7.5V5.3a2.2 2.2 0 0 1 4.4 0v2.2",
  check: "M3 8.5 6.5 12 13 4.5",
  warning: "M8 2.5 14.5 13.5h-13ZM8 6.5v3.5M8 11.9v.1",
  open: "M9.5 2.5h4v4M13.5 2.5 9 7M6.5 13.5h-4v-4M2.5 13.5 7 9",
  chevron: "M4 6.5 8 10.5 12 6.5",
  up: "M4 9.5 8 5.5 12 9.5",
  pencil: "M3 13l.6-2.8L10.8 3l2.2 2.2-7.2 7.2L3 13Z",
  left: "M10 3.5 5.5 8l4.5 4.5",
  right: "M6 3.5 10.5 8 6 12.5",
  chip: "M5 5h6v6H5zM6.5 2v3M9.5 2v3M6.5 11v3M9.5 11v3M2 6.5h3M2 9.5h3M11 6.5h3M11 9.5h3",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  trash: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 9h5.8l.6-9",
  download: "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13.5h10",
  panels: "M2.5 3h11v10h-11zM2.5 8.5h11",
  star: "M8 2.2 9.8 6l4.1.5-3 2.8.8 4.1L8 11.4l-3.7 2 .8-4.1-3-2.8L6.2 6Z",
} as const;

export type IconName = keyof typeof paths;

const filled: readonly IconName[] = ["play", "pause", "stop"];

/** A sign of 16 by 16, drawn in the colour of the text. It is decoration: the control that holds it has the label. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  const fill = filled.includes(name);
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false" className="icon">
      <path
        d={paths[name]}
        fill={fill ? "currentColor" : "none"}
        stroke={fill ? "none" : "currentColor"}
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
