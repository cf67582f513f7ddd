// Tokens, and what was asked by whom.
//
// Every call is one transaction and may fail with kUnavailable.  Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "coordinator/store/records.h"
#include "core/access.h"
#include "core/result.h"

namespace pare::coordinator {

struct NewToken {
  std::string name;
  std::string owner;
  std::string sha256;  // of its text, which nobody keeps
  Scopes scopes;
  std::optional<std::chrono::seconds> lifetime;
};

struct Token {
  std::int64_t id = 0;
  std::string name;
  std::string owner;
  std::string sha256;
  Scopes scopes;
  TimePoint created_at{};
  std::optional<TimePoint> expires_at;
  std::optional<TimePoint> revoked_at;
  std::optional<TimePoint> used_at;  // to a minute
};

// A request that changed something, or was refused for who asked.
struct AuditEntry {
  std::int64_t cursor = 0;
  TimePoint at{};
  std::string token;  // its name; empty: none was shown, or one that is not known
  std::string owner;
  std::string method;
  std::string path;
  int status = 0;
  int times = 1;  // the same refusal several times in a row
};

struct NewAuditEntry {
  std::chrono::duration<double> ago{};
  std::optional<std::int64_t> token;
  std::string owner;
  std::string method;
  std::string path;
  int status = 0;
  int times = 1;
};

// What lets one worker join, once.
struct NewEnrolment {
  std::string code_sha256;
  std::string name;     // of the worker
  std::string made_by;  // whoever lets it in
  std::chrono::seconds lifetime{};
};

// A worker that joined: its key on the link, and the token that it shows for blobs.
struct WorkerKey {
  std::string public_key;  // CURVE's, in Z85
  std::string worker;      // the name of its token
};

class AccessStore {
 public:
  virtual ~AccessStore() = default;

  // kConflict: a valid one has that name.
  virtual Result<Token> add_token(const NewToken& token) = 0;
  // In the order they were made; those that expired among the valid ones.
  virtual Result<std::vector<Token>> tokens(bool revoked_too) = 0;
  // The valid one of that name is no more; kNotFound: there is none.
  virtual Result<Token> revoke_token(std::string_view name) = 0;
  // How long ago each was last used.
  virtual Result<std::monostate> note_token_use(
      const std::vector<std::pair<std::int64_t, std::chrono::duration<double>>>& uses) = 0;

  // Until when it is valid.
  virtual Result<TimePoint> add_enrolment(const NewEnrolment& enrolment) = 0;
  // Uses a code up: the worker gets this key and a token of this text's SHA-256 with the scope
  // worker, named after it; an earlier token of that name ends.  kNotFound: there is no such code,
  // it was used, or it is too old; kConflict: the key is known.
  virtual Result<Token> join(std::string_view code_sha256, const std::string& public_key,
                             const std::string& token_sha256) = 0;
  // Of the workers whose token is valid.
  virtual Result<std::vector<WorkerKey>> worker_keys() = 0;

  virtual Result<std::monostate> add_audit(const std::vector<NewAuditEntry>& entries) = 0;
  virtual Result<std::vector<AuditEntry>> audit(const Page& page) = 0;  // the oldest first
};

}  // namespace pare::coordinator
