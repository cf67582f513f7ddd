// pare token, whoami, audit: who may do what.
#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/command.h"
#include "cli/format.h"
#include "cli/table.h"

namespace pare::cli {

using nlohmann::json;

namespace {

std::string scopes_text(const json& names) {
  std::string text;
  for (const json& name : names) text += (text.empty() ? "" : " ") + name.get<std::string>();
  return text;
}

struct NewTokenArguments {
  std::string name, owner;
  std::vector<std::string> scopes;
  std::optional<double> days;
};

Exit create_token(const Common& common, const NewTokenArguments& given) {
  json document = {{"name", given.name}, {"scopes", given.scopes}};
  if (!given.owner.empty()) document["owner"] = given.owner;
  if (given.days) document["days"] = *given.days;
  return with_service(common, [&](const Service& service) {
    return show(common, service.post("/v1/tokens", document), [](const json& made) {
      return made.value("token", "") +
             "\n\nIt is shown this once: PARE_TOKEN, or a file that "
             "PARE_TOKEN_FILE names, hands it to pare and pare-worker.\n\"" +
             made.value("name", "") + "\" belongs to " + made.value("owner", "") + " and may " +
             scopes_text(made.value("scopes", json::array())) +
             (made.contains("expires_at") ? ", until " + made.value("expires_at", "") : "") + ".\n";
    });
  });
}

std::string tokens_text(const json& reply, int width) {
  Table table({{"name"}, {"owner"}, {"may"}, {"made"}, {"last used"}, {"ends"}});
  for (const json& token : reply.value("items", json::array())) {
    const std::string revoked = token.value("revoked_at", "");
    table.add({token.value("name", ""), token.value("owner", ""),
               scopes_text(token.value("scopes", json::array())), token.value("created_at", ""),
               token.value("used_at", "never"),
               revoked.empty() ? token.value("expires_at", "") : "revoked " + revoked});
  }
  return table.text(width);
}

Exit list_tokens(const Common& common, bool all) {
  return with_service(common, [&](const Service& service) {
    return show(common, service.get(all ? "/v1/tokens?revoked=true" : "/v1/tokens"),
                [&](const json& reply) { return tokens_text(reply, common.width); });
  });
}

Exit revoke_token(const Common& common, const std::string& name) {
  return with_service(common, [&](const Service& service) {
    return show(common, service.remove("/v1/tokens/" + escaped(name)), [](const json& ended) {
      return "\"" + ended.value("name", "") +
             "\" is revoked: other coordinators know within "
             "seconds\n";
    });
  });
}

Exit say_who(const Common& common) {
  return with_service(common, [&](const Service& service) {
    return show(common, service.get("/v1/whoami"), [](const json& who) {
      if (who.value("access", "") == "open") {
        return std::string(
            "The service asks for no tokens: whoever is on its machine may do "
            "everything.\n");
      }
      return who.value("owner", "") + ", who may " +
             scopes_text(who.value("scopes", json::array())) + "\n";
    });
  });
}

std::string audit_text(const json& entries, int width) {
  Table table({{"at"}, {"token"}, {"owner"}, {"status"}, {"times"}, {"what"}});
  for (const json& entry : entries) {
    table.add({entry.value("at", ""), entry.value("token", "-"), entry.value("owner", "-"),
               std::to_string(entry.value("status", 0)), std::to_string(entry.value("times", 1)),
               entry.value("method", "") + " " + entry.value("path", "")});
  }
  return table.text(width);
}

Exit show_audit(const Common& common) {
  return with_service(common, [&](const Service& service) {
    return show(common, service.list("/v1/audit"),
                [&](const json& entries) { return audit_text(entries, common.width); });
  });
}

struct EnrolArguments {
  std::string name;
  std::optional<double> minutes;
};

Exit enroll_worker(const Common& common, const EnrolArguments& given) {
  json document = {{"name", given.name}};
  if (given.minutes) document["minutes"] = *given.minutes;
  return with_service(common, [&](const Service& service) {
    return show(common, service.post("/v1/workers/enrolments", document), [&](const json& made) {
      return "On the device, once, until " + made.value("expires_at", "") +
             ":\n\n  pare-worker --coordinator " + common.url + " --join " +
             made.value("code", "") + " --cache DIR --scratch DIR\n";
    });
  });
}

void add_worker_commands(CLI::App& app, Action& chosen) {
  CLI::App* worker = app.add_subcommand("worker", "Workers on other machines: enroll");
  worker->require_subcommand(1);
  auto given = std::make_shared<EnrolArguments>();  // owned by the callback
  CLI::App* enroll = worker->add_subcommand("enroll", "Makes a code that lets one worker join");
  enroll->add_option("name", given->name, "Of the worker")->required();
  enroll->add_option("--minutes", given->minutes, "That the code is valid; 60 if not said");
  enroll->callback([given, &chosen] {
    chosen = [given](const Common& common) { return enroll_worker(common, *given); };
  });
}

void add_token_commands(CLI::App& app, Action& chosen) {
  CLI::App* token = app.add_subcommand("token", "Who may do what: create, list, revoke");
  token->require_subcommand(1);
  auto given = std::make_shared<NewTokenArguments>();  // owned by the callback
  CLI::App* create = token->add_subcommand("create", "Makes a token, and shows it once");
  create->add_option("name", given->name, "What it is for")->required();
  create->add_option("--scope", given->scopes, "read, submit, worker, admin; several")
      ->required()
      ->check(CLI::IsMember({"read", "submit", "worker", "admin"}));
  create->add_option("--owner", given->owner, "Whose jobs it makes; yours, if not said");
  create->add_option("--days", given->days, "That it is valid; until it is revoked, if not said");
  create->callback([given, &chosen] {
    chosen = [given](const Common& common) { return create_token(common, *given); };
  });
  auto all = std::make_shared<bool>(false);
  CLI::App* list = token->add_subcommand("list", "The tokens, without their texts");
  list->add_flag("--all", *all, "Those that were revoked, too");
  list->callback([all, &chosen] {
    chosen = [all](const Common& common) { return list_tokens(common, *all); };
  });
  auto name = std::make_shared<std::string>();
  CLI::App* revoke = token->add_subcommand("revoke", "Ends a token");
  revoke->add_option("name", *name)->required();
  revoke->callback([name, &chosen] {
    chosen = [name](const Common& common) { return revoke_token(common, *name); };
  });
}

}  // namespace

void add_access_commands(CLI::App& app, Action& chosen) {
  add_token_commands(app, chosen);
  add_worker_commands(app, chosen);
  app.add_subcommand("whoami", "Who the service takes you for, and what you may do")
      ->callback([&chosen] { chosen = say_who; });
  app.add_subcommand("audit", "What was changed or refused, and for whom")->callback([&chosen] {
    chosen = show_audit;
  });
}

}  // namespace pare::cli
