#include "cli/run_to_end.h"

#include <poll.h>
#include <unistd.h>

#include <array>

#include "host/child.h"

namespace pare::cli {
namespace {

void append_available(int descriptor, std::string& text) {
  std::array<char, 4096> block{};
  for (ssize_t n = 0; (n = ::read(descriptor, block.data(), block.size())) > 0;) {
    text.append(block.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace

Result<Ended> run_to_end(const std::vector<std::string>& command) {
  constexpr int kSignalled = 128;
  host::ChildOptions options;
  options.command = command;
  auto started = host::Child::start(options);
  if (!started) return started.error();
  host::Child child = std::move(started).value();
  child.close_input();
  Ended ended;
  for (;;) {
    const auto status = child.poll();
    append_available(child.output(), ended.out);
    append_available(child.errors(), ended.errors);
    if (status) {
      ended.code = status->signal != 0 ? kSignalled + status->signal : status->code;
      return ended;
    }
    std::array<pollfd, 3> waits = {pollfd{child.ended(), POLLIN, 0},
                                   pollfd{child.output(), POLLIN, 0},
                                   pollfd{child.errors(), POLLIN, 0}};
    ::poll(waits.data(), waits.size(), 100);
  }
}

std::string without_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace pare::cli
