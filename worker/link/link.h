// The worker's end of the ZeroMQ link: a DEALER that never blocks and never throws on traffic.
//
// What cannot be sent now is dropped, not queued: the protocol says everything again that matters.
// Owned by one thread.
#pragma once

#include <optional>
#include <string>
#include <zmq.hpp>

#include "core/result.h"
#include "wire/worker_messages.h"

namespace pare::worker {

// Of CURVE, in Z85: the worker's own pair, and the coordinator's public key.
struct CurveKeys {
  std::string public_key, secret_key, server_key;
};

// A pair of a worker's own.  Fails with kUnsupported where ZeroMQ has no CURVE.
Result<CurveKeys> make_curve_keys();

class Link {
 public:
  // Fails with kInvalidArgument if the endpoint is none, or a key.  A coordinator that is not there
  // yet, or does not know the key, is no failure.
  static Result<Link> open(std::string endpoint, std::optional<CurveKeys> keys = {});

  // A fresh connection: what was on its way in the old one is gone.
  void reconnect();

  void send(const wire::FromWorker& message);
  // The next message, if one is there.  Bytes that are no message are an error, and are gone.
  std::optional<Result<wire::ToWorker>> receive();

  zmq::socket_ref socket() noexcept { return socket_; }

  // Waits up to half a second for what was sent, then closes.
  void close();

 private:
  Link(std::string endpoint, std::optional<CurveKeys> keys)
      : endpoint_(std::move(endpoint)), keys_(std::move(keys)) {}

  std::string endpoint_;
  std::optional<CurveKeys> keys_;  // nullopt: the link is open
  zmq::context_t context_;
  zmq::socket_t socket_;
};

}  // namespace pare::worker
