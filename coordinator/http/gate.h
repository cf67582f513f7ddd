// The connections of the service: who is connected waits here, and takes no thread (docs/adr/0019).
//
// One thread watches all sockets.  It reads heads, and bodies up to a limit, and sends responses
// and files; only a request that is there takes a thread, for as long as it is worked on.  An
// upload takes one of a few threads of their own once its beginning is there.  What is vital has
// threads that nothing else uses.
//
// Whoever sends or takes bytes too slowly is cut off: a head has kHeadTime, and a body, an upload
// and a response have kGrace and then kLeastRate on the average; a connection without a request has
// kIdleTime.  At most `connections` are held: one more takes the place of the one that has waited
// longest for bytes.
//
// start() and stop() belong to one thread; the callbacks are called by many.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "coordinator/http/message.h"
#include "coordinator/http/request_head.h"
#include "core/result.h"

namespace pare::coordinator {

enum class Lane { kVital, kAnswer, kUpload };

// A request that is there: with its body, or with the beginning of an upload and a way to the rest.
struct Arrival {
  RequestHead head;
  std::string body;
  BodyStream rest;  // of an upload: all of its body, from the beginning
};

struct GateOptions {
  std::string host;
  int port = 0;  // 0: the system chooses
  int answer_threads = 32;
  int upload_threads = 16;
  std::size_t connections = 512;
  std::chrono::milliseconds head_time{10'000};
  std::chrono::milliseconds idle_time{10'000};
  std::chrono::milliseconds grace{10'000};
  double least_rate = 16 << 10;  // bytes a second
};

struct GateCallbacks {
  // What can be said against a request before its body is read.
  std::function<std::optional<Response>(const RequestHead&)> refusal;
  std::function<Lane(const RequestHead&)> lane;
  // The answer.  Must not throw.
  std::function<Response(Arrival&)> answer;
};

class Gate {
 public:
  Gate(GateOptions options, GateCallbacks callbacks);
  ~Gate();  // stops
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Listens from now on; returns the port.  kUnavailable: the port is taken.
  Result<int> start();
  // Lets what is being worked on end, cuts everything else off.  Idempotent.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pare::coordinator
