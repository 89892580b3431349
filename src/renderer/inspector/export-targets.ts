/** The languages a pipeline can be written in, as the interface names them. */
export const EXPORT_TARGETS = [
  { id: "typescript", label: "TypeScript script" },
  { id: "beam-python", label: "Apache Beam (Python)" },
] as const;
