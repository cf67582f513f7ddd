// Models and datasets as the store holds them, and what all lists have in common.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/dataset_counts.h"
#include "core/names.h"
#include "core/units.h"

namespace pare::coordinator {

// A part of a list in the order of its cursor; the cursor of the next part is its last entry's.
struct Page {
  std::int64_t after = 0;  // entries with a cursor above this one
  int limit = 100;
};

// What was asked for, and whether this call made it or found it there.
template <typename T>
struct Created {
  T value;
  bool created = true;
};

// The Idempotency-Key of a POST.  The same key with the same digest finds what the first call made;
// with another digest it is kConflict.
struct Idempotency {
  std::string key;
  std::string request_sha256;
};

enum class EntryState : std::uint8_t { kInspecting, kReady, kRejected };

struct Model {
  std::int64_t cursor = 0;
  std::string name;
  std::string sha256;
  EntryState state = EntryState::kInspecting;
  std::string reason;        // why it was rejected
  std::string card_json;     // as the user gave it
  int card_version = 1;      // a job goes by the one that was there when it was posted
  std::string summary_json;  // once ready
  std::string owner;         // empty: nobody's
  TimePoint created_at{};
  std::string unreadable = {};  // why the row cannot be read (records.h); empty: it can
};

// Its counts are 0 until it was inspected.
struct Dataset {
  std::int64_t cursor = 0;
  std::string name;
  std::string sha256;
  EntryState state = EntryState::kInspecting;
  std::string reason;
  DatasetCounts counts;
  std::string owner;  // empty: nobody's
  TimePoint created_at{};
  std::string unreadable = {};  // the same
};

inline constexpr std::array kEntryStateNames = {
    Named<EntryState>{EntryState::kInspecting, "inspecting"},
    Named<EntryState>{EntryState::kReady, "ready"},
    Named<EntryState>{EntryState::kRejected, "rejected"},
};
constexpr std::string_view name_of(EntryState s) noexcept {
  return name_in(kEntryStateNames, s);
}

}  // namespace pare::coordinator
