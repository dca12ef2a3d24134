// The peer of `cargo xtask bench engine`: a service with one and with ten steps that do nothing, each recorded
// durably by `ctx.run`. The port is the first argument.
import * as restate from "@restatedev/restate-sdk";

// The SDK wants it; Node.js has it from version 22 on.
Promise.withResolvers ??= function withResolvers() {
  const resolvers = {};
  resolvers.promise = new this((resolve, reject) => Object.assign(resolvers, { resolve, reject }));
  return resolvers;
};

const steps = (count) => async (ctx) => {
  for (let step = 0; step < count; step++) {
    await ctx.run(`step-${step}`, () => null);
  }
  return "succeeded";
};

const service = restate.service({ name: "noop", handlers: { one: steps(1), ten: steps(10) } });

await restate.serve({ services: [service], port: Number(process.argv[2]) });
