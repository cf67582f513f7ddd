// A harness that is being checked: what a check asks, and what it expects.
//
// A check ends by returning, or by an exception that carry_out() turns into its outcome; it is
// thrown and caught inside engine/check alone.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "engine/check/check_networks.h"
#include "engine/check/runtime_check.h"
#include "engine/harness/harness.h"

namespace pare::engine {

struct CheckBroken {
  std::string why;
};
struct CheckNotClaimed {
  std::string what;
};

class CheckedHarness {
 public:
  // Starts nothing.
  explicit CheckedHarness(CheckedCommand command) : command_(std::move(command)) {}

  // Started, and asked hello, when it is first needed.
  Harness& harness();
  const HarnessHello& hello() { return harness().hello(); }
  bool computes(std::string_view precision);

  void expect(bool holds, const std::string& otherwise) const;
  void note(std::string what);
  const std::string& notes() const noexcept { return notes_; }
  [[noreturn]] void not_claimed(const std::string& what) const { throw CheckNotClaimed{what}; }

  // The value, or the end of the check with the error; `what` begins a sentence: "load".
  template <typename T>
  T get(Result<T> result, const std::string& what) const {
    if (!result) throw CheckBroken{what + " failed: " + result.error().message};
    return std::move(result).value();
  }
  // Any line; the answer to it has to be an error of this code that has `naming` in its message.
  void expect_refusal(const std::string& line, ErrorCode code, const std::string& naming);
  template <typename T>
  void expect_refused(const Result<T>& result, ErrorCode code, const std::string& naming) const {
    if (result) throw CheckBroken{"a refusal (" + std::string(name_of(code)) + ") was expected"};
    expect_is(result.error(), code, naming);
  }

  std::filesystem::path file(const std::string& name, const std::string& content) const;
  LoadedModel load(const CheckNetwork& network, const LoadOptions& options = {});
  std::vector<Tensor> run(const CheckNetwork& network);
  // Loaded and run: for whoever takes a refusal for an answer.
  Result<std::vector<Tensor>> try_to_run(const CheckNetwork& network);

  const CheckedCommand& command() const noexcept { return command_; }
  // Of the last exchange, for the outcome.
  std::string request() const;
  std::string answer() const;

 private:
  void expect_is(const Error& error, ErrorCode code, const std::string& naming) const;

  CheckedCommand command_;
  std::unique_ptr<Harness> harness_;
  std::string name_ = "the harness";
  std::string notes_;
};

// In double quotes, for a message.
std::string quoted(const std::string& text);

}  // namespace pare::engine
