// Loaded before the Playground: it listens on loopback alone, calls nothing but loopback, and ends with standard input.
const net = require("node:net");

const HOME = "127.0.0.1";
const { listen } = net.Server.prototype;
const { connect } = net.Socket.prototype;

net.Server.prototype.listen = function (where, ...rest) {
  const options = where !== null && typeof where === "object" ? where : { port: Number(where) };
  return listen.call(this, { ...options, host: HOME }, rest.find((one) => typeof one === "function"));
};

net.Socket.prototype.connect = function (...where) {
  const [first, second] = Array.isArray(where[0]) ? where[0] : where;
  const named = first !== null && typeof first === "object" ? first.host : second;
  const host = typeof named === "string" ? named : "localhost";
  if (host !== HOME && host !== "localhost") {
    throw new Error(`Nobody but this machine may be called, so not ${host}.`);
  }
  return connect.apply(this, where);
};

process.stdin.resume().on("end", () => process.exit(0));
