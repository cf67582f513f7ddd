// Who may connect to the workers' link: CURVE on every connection, and of the keys that are shown
// only those that are known (ZAP).
//
// A thread of its own answers ZeroMQ's question for each new connection.  What a connection sends
// bears the name of its worker then ("User-Id").
// Sources: ZeroMQ RFC 26 (CurveZMQ) and RFC 27 (ZAP).
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <zmq.hpp>

#include "core/result.h"

namespace pare::coordinator {

// In Z85, 40 characters each.
struct LinkKeys {
  std::string public_key, secret_key;
};

// Those of the file, which only its owner can read; made and written where there is none.  Fails
// with kInvalidArgument, naming the file, if it holds no keys, with kResourceExhausted if it cannot
// be written.
Result<LinkKeys> keep_link_keys(const std::filesystem::path& file);

// The name of the worker that has this public key; nullopt: nobody's, or no longer.
using WorkerOf = std::function<std::optional<std::string>(const std::string& public_key)>;

class LinkGuard {
 public:
  // Answers from now on.  REQUIRES: one a context, before its first socket is bound; `worker_of`
  // may be called from another thread as long as this lives.
  LinkGuard(zmq::context_t& context, WorkerOf worker_of);
  ~LinkGuard();
  LinkGuard(const LinkGuard&) = delete;
  LinkGuard& operator=(const LinkGuard&) = delete;

  // What the server's end of the link has to be before it is bound.
  static void protect(zmq::socket_t& server, const LinkKeys& keys);

 private:
  void answer(const std::stop_token& stop);

  zmq::socket_t questions_;
  WorkerOf worker_of_;
  std::jthread thread_;
};

// Whose sessions are whose: the first worker that speaks for a session has it.  One thread.
class SessionOwners {
 public:
  // False: the session is another worker's.
  bool may_speak(const std::string& session, const std::string& worker);

 private:
  std::map<std::string, std::string> owner_of_;
};

}  // namespace pare::coordinator
