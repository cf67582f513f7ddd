// Who asks: the valid tokens in memory, so that a request is judged without the database.
//
// Tokens are read again every `every` and when this coordinator changes one, so a token that
// another one revoked ends within that.  As long as they were never read nobody is let in; when the
// database goes away those that were known stay.  How often each asks is bounded here, too: a
// bucket of `burst` requests that fills by `rate` a second.
//
// What was asked is kept here and written by the same thread as often: requests do not wait for
// it.  The same refusal again only counts up; at most kMostHeld entries wait, of more the refusals
// are dropped and counted in the log.
//
// Thread-safe.  Cost of who(): one SHA-256 and a look into a map.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "coordinator/access/principal.h"
#include "coordinator/store/access_store.h"
#include "core/result.h"

namespace pare::coordinator {

// Why nobody is let in: an HTTP status and a sentence.
struct Refusal {
  int status = 401;
  std::string reason;
};
using Admission = std::variant<Principal, Refusal>;

class TokenBook {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    std::chrono::milliseconds every{2'000};
    double burst = 200;  // requests
    double rate = 50;    // a second
    std::function<void(const std::string&)> log;
  };

  TokenBook(AccessStore& store, Options options);
  ~TokenBook();  // what was asked is written down first
  TokenBook(const TokenBook&) = delete;
  TokenBook& operator=(const TokenBook&) = delete;

  // Reads the tokens now, or fails as the store does; from the first success on they are read
  // again.
  Result<std::monostate> read();

  // 401: nothing was shown, or nothing that is valid now; 503: no token was read yet.
  Admission who(std::string_view authorization);
  // The same of one more request, which counts.  429: it asks too often.
  Admission admit(std::string_view authorization, Clock::time_point now = Clock::now());

  // The name of the worker with this key on the link; nullopt: nobody's, or no longer.
  std::optional<std::string> worker_of(const std::string& public_key);

  // Writes it down soon.
  void note(const Principal* asked, std::string method, const std::string& path, int status);

  // All that was noted is in the store when this returns, or the store could not be reached.
  void flush();

 private:
  struct Known {
    Token token;
    double left = 0;  // of the bucket
    Clock::time_point filled{};
    std::optional<Clock::time_point> used;
  };
  struct Noted {
    Clock::time_point at;
    NewAuditEntry entry;
  };

  // Admission, and what is known of the token where it is let in.
  std::pair<Admission, Known*> look_up(std::string_view authorization);
  void keep_reading(const std::stop_token& stop);
  void write_uses();

  AccessStore& store_;
  Options options_;
  std::mutex mutex_;
  std::condition_variable_any bell_;
  bool was_read_ = false;
  std::map<std::string, Known, std::less<>> by_sha256_;
  std::map<std::string, std::string> worker_of_;  // by public key
  std::vector<Noted> noted_;
  std::int64_t dropped_ = 0;
  std::mutex reading_, writing_;  // one read, one flush at a time
  std::jthread reader_;           // last: it uses all of the above
};

}  // namespace pare::coordinator
