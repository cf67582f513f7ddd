// What every command of `pare` shares: where the service is, how to print, what to end with.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cli/service.h"
#include "core/printable.h"
#include "core/result.h"

namespace CLI {
class App;
}

namespace pare::cli {

// docs/cli.md
enum class Exit : int {
  kOk = 0,
  kFailed = 1,       // it worked, and the outcome is negative: a failed job, no verdict
  kUsage = 2,        // the command line, a file named on it or the environment is wrong
  kUnreachable = 3,  // nobody answers, or the service cannot work now
  kRefused = 4,      // the service says no, and why
  kBug = 5,          // of Pare's own
};

struct Common {
  std::string url;
  bool json = false;
  bool tty = false;       // stdout is a terminal that may be drawn over
  bool progress = false;  // and so is stderr, where progress is shown
  int width = 0;          // of the terminal; 0: no limit
};

// The command that the line asks for; run once the line is read.
using Action = std::function<Exit(const Common&)>;

// Each adds its subcommands, which set `chosen`.
void add_catalog_commands(CLI::App& app, Action& chosen);
void add_job_commands(CLI::App& app, Action& chosen);
void add_result_commands(CLI::App& app, Action& chosen);
void add_report_command(CLI::App& app, Action& chosen);
void add_supernet_commands(CLI::App& app, Action& chosen);
void add_inspect_command(CLI::App& app, Action& chosen);
void add_apply_command(CLI::App& app, Action& chosen);
void add_tune_command(CLI::App& app, Action& chosen);
void add_up_command(CLI::App& app, Action& chosen);
void add_doctor_command(CLI::App& app, Action& chosen);
void add_access_commands(CLI::App& app, Action& chosen);

// One sentence on stderr, and what to end with.
Exit report(const Error& error);        // what a Service said
Exit report_usage(const Error& error);  // what the user's own files or words are

// A check for CLI11: empty, or what is wrong with the word.
std::string number_of_a_job(const std::string& word);

// What is printed is printable(): names and messages come from strangers' files.
void print(const std::string& text);
void say_aside(const std::string& line);  // on stderr, with a line end
void draw(const std::string& codes);      // as it is; for terminals only (Common::tty)
void print_json(const nlohmann::json& document);

// Bytes sent, on one line of a terminal that is drawn over.
Service::Progress upload_progress(const Common& common, const std::string& what);

// The reply as JSON or as the text that `view` makes of it; or the error.
Exit show(const Common& common, const Result<nlohmann::json>& reply,
          const std::function<std::string(const nlohmann::json&)>& view);

// Calls the body with the service, to which it shows the environment's token; or reports that the
// address is none, or the token.
Exit with_service(const Common& common, const std::function<Exit(const Service&)>& body);

// Writes what the route gives to the file, verified, or says why not and what to end with.
Exit download_to(const Service& service, const std::string& route, const std::string& sha256,
                 const std::string& file, Bytes& size);

// False also where the name cannot be one of a file.
bool is_file(const std::string& name) noexcept;

// kNotFound, naming the file and what the system says, unless it can be read.
Result<bool> can_read(const std::string& file);

Result<nlohmann::json> read_json_file(const std::string& file);

// A program of Pare beside this one (or anywhere in PATH).
std::string program_beside(const std::string& name);

}  // namespace pare::cli
