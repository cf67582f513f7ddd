// pare: the command line.  docs/cli.md says what each command does and what it ends with.
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <string_view>

#include "cli/command.h"
#include "cli/label_command.h"
#include "cli/runtime_commands.h"
#include "cli/zoo_commands.h"
#include "core/version.h"

namespace pare::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done; 1 done, with a negative outcome (a failed job, no verdict);\n"
    "2 wrong usage; 3 the service does not answer; 4 the service refuses; 5 a bug of Pare.";

// Not where the user wants plain text (https://no-color.org), or the terminal understands no more.
bool may_draw_on(int descriptor) {
  const char* plain = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  return ::isatty(descriptor) == 1 && !dumb && (plain == nullptr || *plain == '\0');
}

int terminal_width() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int run(int argc, char** argv) {
  Common common;
  common.tty = may_draw_on(STDOUT_FILENO);
  common.progress = common.tty && may_draw_on(STDERR_FILENO);
  common.width = ::isatty(STDOUT_FILENO) == 1 ? terminal_width() : 0;
  const char* url = std::getenv("PARE_URL");
  common.url = url != nullptr && *url != '\0' ? url : "http://127.0.0.1:7070";

  Action chosen;
  CLI::App app("Pare cuts object detectors down to the Pareto front of your devices.", "pare");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("pare ") + kVersion);
  app.add_option("--url", common.url, "The service (also: PARE_URL)")->capture_default_str();
  app.add_flag("--json", common.json, "Print JSON");
  app.require_subcommand(1);
  app.fallthrough();  // --url and --json may stand behind the command
  add_tune_command(app, chosen);
  add_up_command(app, chosen);
  add_inspect_command(app, chosen);
  add_apply_command(app, chosen);
  add_label_command(app, chosen);
  add_zoo_commands(app, chosen);
  add_runtime_commands(app, chosen);
  add_catalog_commands(app, chosen);
  add_job_commands(app, chosen);
  add_result_commands(app, chosen);
  add_report_command(app, chosen);
  add_supernet_commands(app, chosen);
  add_access_commands(app, chosen);
  add_doctor_command(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream help, complaint;
    const int code = app.exit(error, help, complaint);
    print(help.str());
    std::fputs(printable(complaint.str()).c_str(), stderr);
    return code == 0 ? 0 : static_cast<int>(Exit::kUsage);
  }
  const Exit code = chosen(common);
  // What was to be read is lost (a full disk behind a redirection): that is not "done".
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return static_cast<int>(
        report_usage({ErrorCode::kInvalidArgument, "cannot write to standard output"}));
  }
  return static_cast<int>(code);
}

}  // namespace
}  // namespace pare::cli

int main(int argc, char** argv) {
  try {
    return pare::cli::run(argc, argv);
  } catch (const std::exception& error) {
    pare::cli::say_aside(std::string("pare: a bug of Pare's own: ") + error.what());
    return static_cast<int>(pare::cli::Exit::kBug);
  }
}
