// How a worker becomes one of a service that asks for tokens, and what it is from then on.
//
// Calls block.  One thread at a time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/result.h"

namespace pare::worker {

// Kept in a file that only its user can read.
struct Identity {
  std::string public_key, secret_key;  // of CURVE, in Z85: the worker's own
  std::string server_key;              // the coordinator's public one
  std::string token;                   // shown with every blob
  std::string endpoint;                // of the workers' link, "tcp://host:port"
};

// nullopt: there is no such file.  Fails with kInvalidArgument, naming it, if it holds no identity.
Result<std::optional<Identity>> read_identity(const std::filesystem::path& file);

// Turns a code into an identity with this pair of keys.  `coordinator`: "http://host:port", whose
// host is the endpoint's, too.  Fails with kUnavailable if nobody answers, with kInvalidArgument
// and the coordinator's reason if it does not take the code.
Result<Identity> join(const std::string& coordinator, const std::string& code,
                      const std::string& public_key, const std::string& secret_key);

// Fails with kResourceExhausted, naming the file, if it cannot be written.
Result<std::monostate> write_identity(const Identity& identity, const std::filesystem::path& file);

// Whether the coordinator still takes the token: kInvalidArgument and its reason if not.  One that
// does not answer says nothing.
Result<std::monostate> check_identity(const std::string& coordinator, const Identity& identity);

}  // namespace pare::worker
