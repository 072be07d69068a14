/* A node to talk SOAP with, on fake_fetch.h: its configuration, one conversation at a time, what came of it. Secrets
 * are only counted: it stands in for login/secret.h. */
#ifndef TESTS_SOAP_SCENE_H
#define TESTS_SOAP_SCENE_H

#include "cisco/axl.h"
#include "cisco/control_center.h"
#include "tests/unit/fake_fetch.h"

#define SCENE_ENVELOPE(BODY) \
    "<?xml version='1.0' encoding='UTF-8'?>" \
    "<soapenv:Envelope xmlns:soapenv='http://schemas.xmlsoap.org/soap/envelope/'><soapenv:Body>" BODY \
    "</soapenv:Body></soapenv:Envelope>"
#define SCENE_ROWS(ROWS) \
    SCENE_ENVELOPE("<ns:executeSQLQueryResponse xmlns:ns='http://www.cisco.com/AXL/API/12.5'><return>" ROWS \
                   "</return></ns:executeSQLQueryResponse>")
#define SCENE_FAULT(CODE, MESSAGE) \
    SCENE_ENVELOPE("<soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring>" MESSAGE "</faultstring>" \
                   "<detail><axlError><axlcode>" CODE "</axlcode><axlmessage>" MESSAGE "</axlmessage>" \
                   "<request>executeSQLQuery</request></axlError></detail></soapenv:Fault>")
#define SCENE_ROW "<row><pkid>0a1b</pkid><cp_id>cm-2_s2scp-1.eft-xwye-a-coluc-com</cp_id></row>"
#define SCENE_VERSION \
    SCENE_ENVELOPE("<ns:getCCMVersionResponse xmlns:ns='x'><return><componentVersion><version>12.5.1.11900-117" \
                   "</version></componentVersion></return></ns:getCCMVersionResponse>")

struct soap_scene {
    struct config config;
    struct config_imp_node node;
    struct axl_session *session;
    const char *username, *password;
    bool login_only;
    struct imp_result *result; /* of the latest conversation */
    enum login_outcome login;
    unsigned done;             /* how often the conversation said that it is over */
};

void soap_scene_init(struct soap_scene *scene);
void soap_scene_fini(struct soap_scene *scene);
/* One whole conversation; every answer must be wanted. */
void soap_scene_axl(struct soap_scene *scene, const struct fake_answer *answers, size_t count);
void soap_scene_control_center(struct soap_scene *scene, const struct fake_answer *answer);
size_t soap_scene_secrets(void); /* copies cleansed so far */

#endif
