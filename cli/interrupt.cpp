#include "cli/interrupt.h"

#include <csignal>
#include <initializer_list>

namespace pare::cli {
namespace {

volatile std::sig_atomic_t noted = 0;

void note(int /*signal*/) {
  noted = 1;
}

}  // namespace

void watch_for_interrupt() {
  struct sigaction action {};
  action.sa_handler = note;
  // The first one is noted, the next one does what it always does; no SA_RESTART: sleeps end.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
}

bool interrupted() noexcept {
  return noted != 0;
}

}  // namespace pare::cli
