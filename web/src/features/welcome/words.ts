/** The words of the first steps. */
export const words = {
  title: ["First steps", "快速入门"],
  hello: ["Welcome, {name}", "欢迎，{name}"],
  text: ["The server is ready. See rows flow in one click, or begin with your own data.", "服务器已就绪。一键查看数据流动，或从自己的数据开始。"],
  demo: ["Run the demo", "运行演示"],
  demoText: ["Six rows of its own, two of them wrong: fetched, checked, counted. It writes nowhere.", "自带六行数据，其中两行有误：读取、校验、统计。不写入任何地方。"],
  draw: ["Draw a workflow", "绘制工作流"],
  drawText: ["Canvas and YAML are two views of one document.", "画布与 YAML 是同一文档的两种视图。"],
  templates: ["Begin with a template", "从模板开始"],
  templatesText: ["Ready-made workflows with sample data.", "现成的工作流与示例数据。"],
  connect: ["Connect a database", "连接数据库"],
  connectText: ["PostgreSQL, MySQL, SQLite, TDengine or Redis.", "PostgreSQL、MySQL、SQLite、TDengine 或 Redis。"],
  mayNot: ["Your role does not start runs or save workflows; an admin can change it.", "你的角色不能启动运行或保存工作流；可由管理员调整。"],
} as const;
