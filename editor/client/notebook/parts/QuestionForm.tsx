import { useEffect, useRef, useState } from "react";
import { answerQuestion, useKernel } from "../stores/kernel.ts";

/** What the running cell asks for, and a field for the answer. */
export function QuestionForm({ cell }: { cell: string }) {
  const question = useKernel((state) => (state.question?.cell === cell ? state.question : undefined));
  const [value, setValue] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!question) return;
    setValue("");
    field.current?.focus();
  }, [question]);
  if (!question) return null;
  return (
    <form
      className="question"
      onSubmit={(event) => {
        event.preventDefault();
        answerQuestion(value);
      }}
    >
      <label>
        <span>{question.prompt || "The cell asks for a line"}</span>
        <input
          ref={field}
          type={question.password ? "password" : "text"}
          value={value}
          autoComplete="off"
          onChange={(event) => setValue(event.target.value)}
        />
      </label>
      <button type="submit" className="button strong">
        Answer
      </button>
    </form>
  );
}
