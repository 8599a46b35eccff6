import { printBytes } from "../../../src/core/bytes.ts";
import { useRun } from "../stores/run.ts";
import { useStudio } from "../stores/studio.ts";
import { Icon } from "./Icon.tsx";
import { usePopover } from "./usePopover.ts";

/** The device that computes, and why it was chosen. */
export function DevicePill() {
  const chosen = useStudio((studio) => studio.info?.device);
  const running = useRun((run) => (run.id === undefined ? undefined : run.state.device));
  const memory = useRun((run) => (run.id === undefined ? undefined : run.state.memory));
  const { open, setOpen, box } = usePopover<HTMLDivElement>();
  const device = running ?? chosen;
  if (!device) return null;
  return (
    <div className="anchor" ref={box}>
      <button
        type="button"
        className="pill"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        title={`${device.description}\n${device.reason}`}
        data-testid="device"
      >
        <Icon name="chip" size={14} />
        {device.name}
      </button>
      {open && (
        <div className="popover device" role="dialog" aria-label="Device">
          <p className="popover-title">{running ? "This run computes on" : "Runs compute on"}</p>
          <p>
            <strong>{device.name}</strong> {device.description}
          </p>
          <p className="muted">{device.reason}</p>
          {memory && (
            <p>
              The run needs {printBytes(memory.needs)}
              {memory.has === undefined
                ? " of memory; the device does not report how much it has."
                : ` of ${printBytes(memory.has)} of memory.`}
            </p>
          )}
        </div>
      )}
    </div>
  );
}
