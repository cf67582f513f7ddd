// Which idle worker gets which task: the rule, without a database.  Both stores follow it.
//
// An exclusive task has its device to itself.  While one waits that some worker of a device could
// do, nothing else is handed out there, and it goes out when the device is free.  Otherwise the
// oldest task goes first.  A task that steps aside (core/task_kind.h) is asked to stand still where
// an exclusive one waits or runs; while it does, its device counts as free, and its worker, which
// has room for one more, gets exclusive tasks alone.  Pure.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/ids.h"

namespace pare::coordinator {

// A worker that is not lost, on a device of which somebody asks.
struct Claimant {
  std::string session;
  std::string device_id;
  std::vector<std::string> pools;
  std::vector<std::string> runtimes;
  bool asks = false;
  std::string processor = {};  // its kind; empty: not told
  bool stands_still = false;   // with a task that it holds
  std::vector<std::string> capabilities = {};
};

// What a device does already; what stands still does nothing.
struct DeviceLoad {
  bool busy = false;   // with any task
  bool alone = false;  // with an exclusive one
  bool stays = false;  // with one that does not step aside
};

struct WaitingTask {
  TaskId id;
  bool exclusive = false;
  std::string pool;             // empty: any
  std::string runtime;          // the same
  std::string processor = {};   // the kind; the same
  std::string capability = {};  // that it needs; empty: none
};

struct Match {
  std::size_t claimant;  // its place
  TaskId task;
};

bool serves(const Claimant& worker, const std::string& pool, const std::string& runtime,
            const std::string& processor = {}, const std::string& capability = {});

// The devices that an exclusive task has, or could have if what steps aside did.
std::set<std::string> wanted_alone(std::span<const Claimant> claimants,
                                   const std::map<std::string, DeviceLoad>& loads,
                                   std::span<const WaitingTask> waiting);

// Those who ask are served in the order they stand in.  REQUIRES: `waiting` is in order of id, and
// holds for every claimant's kind as many tasks as there are askers, or all.
std::vector<Match> match(std::span<const Claimant> claimants,
                         std::map<std::string, DeviceLoad> loads,
                         std::span<const WaitingTask> waiting);

}  // namespace pare::coordinator
