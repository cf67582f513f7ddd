// pare supernet: add, list, show, download.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/format.h"

namespace pare::cli {

using nlohmann::json;

namespace {

struct WantedSupernet {
  std::string sha256, out;
};

Exit save_supernet(const Common& common, const WantedSupernet& wanted) {
  return with_service(common, [&](const Service& service) {
    const auto found = service.get("/v1/supernets/" + escaped(wanted.sha256));
    if (!found) return report(found.error());
    const std::string sha256 = found.value().value("sha256", "");
    Bytes size;
    const Exit written =
        download_to(service, "/v1/supernets/" + sha256 + "/file", sha256, wanted.out, size);
    if (written != Exit::kOk) return written;
    const json done = {{"file", wanted.out}, {"sha256", sha256}, {"bytes", size.count}};
    return show(common, done, [&](const json&) {
      return wanted.out + ": " + byte_size(static_cast<double>(size.count)) + ", SHA-256 " +
             sha256 + " verified\n";
    });
  });
}

Exit add_supernet(const Common& common, const std::string& file) {
  return with_service(common, [&](const Service& service) {
    const auto sha256 = service.upload(file, upload_progress(common, file));
    if (!sha256) return report(sha256.error());
    return show(common, service.put("/v1/supernets", {{"sha256", sha256.value()}}),
                [&](const json& added) { return supernet_text(added, common.width); });
  });
}

}  // namespace

void add_supernet_commands(CLI::App& app, Action& chosen) {
  CLI::App* supernet = app.add_subcommand(
      "supernet", "Super-networks, trained for jobs or elsewhere: add, list, show, download");
  supernet->require_subcommand(1);
  auto file = std::make_shared<std::string>();  // owned by the callback
  CLI::App* add = supernet->add_subcommand("add", "Uploads one that was trained elsewhere");
  add->add_option("file", *file, "What pare-train supernet or pare supernet download wrote")
      ->required()
      ->check(CLI::ExistingFile);
  add->callback([file, &chosen] {
    chosen = [file](const Common& common) { return add_supernet(common, *file); };
  });

  supernet->add_subcommand("list", "The super-networks")->callback([&chosen] {
    chosen = [](const Common& common) {
      return with_service(common, [&](const Service& service) {
        return show(common, service.list("/v1/supernets"),
                    [&](const json& all) { return supernets_table(all, common.width); });
      });
    };
  });

  auto shown = std::make_shared<std::string>();  // owned by the callback
  CLI::App* one = supernet->add_subcommand("show", "What it was trained on, and what that brought");
  one->add_option("supernet", *shown, "SHA-256 (8 digits or more)")->required();
  one->callback([shown, &chosen] {
    chosen = [shown](const Common& common) {
      return with_service(common, [&](const Service& service) {
        return show(common, service.get("/v1/supernets/" + escaped(*shown)),
                    [&](const json& found) { return supernet_text(found, common.width); });
      });
    };
  });

  auto wanted = std::make_shared<WantedSupernet>();
  CLI::App* download = supernet->add_subcommand("download", "Its file");
  download->add_option("supernet", wanted->sha256, "SHA-256 (8 digits or more)")->required();
  download->add_option("-o,--output", wanted->out, "Where it goes")->required();
  download->callback([wanted, &chosen] {
    chosen = [wanted](const Common& common) { return save_supernet(common, *wanted); };
  });
}

}  // namespace pare::cli
