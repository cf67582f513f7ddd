#include "cli/command.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

namespace pare::cli {

using nlohmann::json;

namespace {

void complain(const std::string& message) {
  std::fflush(stdout);
  std::fprintf(stderr, "pare: %s\n", message.c_str());
}

}  // namespace

Exit report(const Error& error) {
  complain(error.message);
  return is_retryable(error.code) ? Exit::kUnreachable : Exit::kRefused;
}

Exit report_usage(const Error& error) {
  complain(error.message);
  return Exit::kUsage;
}

std::string number_of_a_job(const std::string& word) {
  const bool number = !word.empty() && word.size() < 19 && word[0] != '0' &&
                      std::ranges::all_of(word, [](char c) { return c >= '0' && c <= '9'; });
  return number ? "" : "'" + word + "' is not the number of a job";
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void print_json(const json& document) {
  print(document.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
}

Exit show(const Common& common, const Result<json>& reply,
          const std::function<std::string(const json&)>& view) {
  if (!reply) return report(reply.error());
  if (common.json) {
    print_json(reply.value());
  } else {
    print(view(reply.value()));
  }
  return Exit::kOk;
}

Exit with_service(const Common& common, const std::function<Exit(const Service&)>& body) {
  const auto service = Service::at(common.url);
  return service ? body(service.value()) : report_usage(service.error());
}

Result<json> read_json_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{ErrorCode::kNotFound, "cannot open " + file};
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    return Error{ErrorCode::kInvalidArgument,
                 file + " is no JSON from byte " + std::to_string(error.byte) + " on"};
  } catch (const json::exception& error) {
    return Error{ErrorCode::kInvalidArgument, file + ": " + error.what()};
  }
}

std::string program_beside(const std::string& name) {
  std::error_code error;
  const auto own = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = own.parent_path() / name;
  return !error && std::filesystem::exists(beside) ? beside.string() : name;
}

}  // namespace pare::cli
