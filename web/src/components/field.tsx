import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes } from "react";
import "./field.css";

interface FieldProps {
  label: string;
  /** A sentence beneath the label. */
  help?: ReactNode;
  problem?: string | undefined;
  isNeeded?: boolean;
  children: (ids: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean | undefined }) => ReactNode;
}

/** A labelled control with its help and what is wrong with it. */
export function Field({ label, help, problem, isNeeded = false, children }: FieldProps) {
  const id = useId();
  const about = problem || help ? `${id}-about` : undefined;
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
        {isNeeded && <span aria-hidden> *</span>}
      </label>
      {children({ id, "aria-describedby": about, "aria-invalid": problem ? true : undefined })}
      {about && (
        <p id={about} className={problem ? "field-problem" : "field-help"}>
          {problem ?? help}
        </p>
      )}
    </div>
  );
}

export function TextInput({ className = "", ...rest }: InputHTMLAttributes<HTMLInputElement>) {
  return <input type="text" spellCheck={false} autoComplete="off" className={`input ${className}`} {...rest} />;
}

export function TextArea({ className = "", ...rest }: TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return <textarea spellCheck={false} className={`input textarea ${className}`} {...rest} />;
}

/** The system's own select: quick, dense, and right on every device. */
export function Select({ className = "", ...rest }: SelectHTMLAttributes<HTMLSelectElement>) {
  return <select className={`input select ${className}`} {...rest} />;
}

interface SwitchProps {
  label: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  disabled?: boolean;
  /** Shows the switch alone; the label is only read aloud. */
  isBare?: boolean;
}

export function Switch({ label, isOn, onChange, disabled, isBare = false }: SwitchProps) {
  return (
    <label className="switch">
      <input
        type="checkbox"
        role="switch"
        checked={isOn}
        disabled={disabled}
        onChange={(event) => onChange(event.target.checked)}
        aria-label={isBare ? label : undefined}
      />
      {!isBare && label}
    </label>
  );
}
