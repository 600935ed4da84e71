"""Logs of what starts and runs other programs, from memory of what these print."""

from __future__ import annotations

from bench.generated import Statements
from bench.lines import headed

_START = "INFO 1 --- [shop-api] [           main] "
_EXEC = "[shop-api] [nio-8080-exec-{int:10}] "
_POOL = "[shop-api] [{any:nio-8080-exec-3|nio-8080-exec-7|   scheduling-1|l-1 housekeeper}] com.zaxxer.hikari."
_SPRING: Statements = [
    (
        8,
        _START + "com.example.shop.ShopApplication         : Starting ShopApplication v1.{int:9}.{int:20} using Java "
        "{any:17.0.12|21.0.4} with PID {any:1|1|7} (/app/app.jar started by {any:app|root} in /app)",
    ),
    (
        8,
        _START + "com.example.shop.ShopApplication         : The following {int:4} profiles are active: "
        '{any:"staging", "metrics"|"staging", "docker", "debug"}',
    ),
    (
        8,
        _START + ".s.d.r.c.RepositoryConfigurationDelegate : Finished Spring Data repository scanning in {int:900} ms. "
        "Found {int:20} {any:JPA|JPA|Redis} repository interfaces.",
    ),
    (8, _START + "o.s.b.w.embedded.tomcat.TomcatWebServer  : Tomcat initialized with port {any:8080|8081} (http)"),
    (8, _START + "o.apache.catalina.core.StandardService   : Starting service [{any:Tomcat}]"),
    (
        8,
        _START + "w.s.c.ServletWebServerApplicationContext : Root WebApplicationContext: initialization completed in "
        "{int:9000} ms",
    ),
    (8, _START + "com.zaxxer.hikari.HikariDataSource       : HikariPool-{any:1|1|2} - Starting..."),
    (
        8,
        _START + "com.zaxxer.hikari.pool.HikariPool        : HikariPool-{any:1|1|2} - Added connection "
        "org.postgresql.jdbc.PgConnection@{hex:8}",
    ),
    (8, _START + "com.zaxxer.hikari.HikariDataSource       : HikariPool-{any:1|1|2} - Start completed."),
    (
        8,
        _START + "j.LocalContainerEntityManagerFactoryBean : Initialized JPA EntityManagerFactory for persistence unit "
        "'{any:default|orders}'",
    ),
    (
        8,
        _START + "com.example.shop.ShopApplication         : Started ShopApplication in {int:40}.{digits:3} seconds "
        "(process running for {int:40}.{digits:3})",
    ),
    (
        120,
        "INFO 1 --- " + _EXEC + "c.example.shop.order.OrderService         : Order {uuid} placed by customer {int}: "
        "{int:9} items, total {float:900} EUR",
    ),
    (
        80,
        "INFO 1 --- " + _EXEC + "c.example.shop.order.OrderService         : Order {uuid} moved from {any:NEW|PAID"
        "|PACKED|SHIPPED} to {any:PAID|PACKED|SHIPPED|CANCELLED} by {any:system|payment-callback|operator}",
    ),
    (
        60,
        "WARN 1 --- " + _EXEC + "c.example.shop.payment.PaymentClient      : Payment provider answered "
        "{any:502|503|429|504} for order {uuid} after {int:9000} ms (attempt {int:3} of 3)",
    ),
    (
        30,
        "ERROR 1 --- "
        + _EXEC
        + "c.example.shop.payment.PaymentClient      : Payment for order {uuid} failed: {phrase}",
    ),
    (
        60,
        "WARN 1 --- " + _EXEC + ".w.s.m.s.DefaultHandlerExceptionResolver : Resolved [org.springframework.{any:web."
        "HttpRequestMethodNotSupportedException: Request method 'DELETE' is not supported|web.servlet.resource."
        "NoResourceFoundException: No static resource favicon.ico.|http.converter.HttpMessageNotReadableException: "
        "Required request body is missing}]",
    ),
    (
        30,
        "ERROR 1 --- "
        + _EXEC
        + "o.a.c.c.C.[.[.[/].[dispatcherServlet]    : Servlet.service() for servlet [dispatcherServlet] in context "
        "with "
        "path [] threw exception [Request processing failed: {any:java.lang.NullPointerException: Cannot invoke "
        '"String.length()" because "name" is null|java.lang.IllegalStateException: cart is closed'
        "|org.springframework.dao.DataIntegrityViolationException: could not execute statement}] with root cause",
    ),
    (
        25,
        "WARN 1 --- " + _EXEC + "o.h.engine.jdbc.spi.SqlExceptionHelper   : SQL Error: {any:0|0|1205}, SQLState: "
        "{any:23505|40P01|08006|null}",
    ),
    (
        25,
        "ERROR 1 --- " + _EXEC + "o.h.engine.jdbc.spi.SqlExceptionHelper   : {any:ERROR: duplicate key value violates "
        'unique constraint "orders_ref_key"|ERROR: deadlock detected|An I/O error occurred while sending to the '
        "backend."
        "|HikariPool-1 - Connection is not available, request timed out after 30001ms.}",
    ),
    (
        20,
        "WARN 1 --- " + _POOL + "pool.PoolBase      : HikariPool-{any:1|1|2} - Failed to validate connection "
        "org.postgresql.jdbc.PgConnection@{hex:8} (This connection has been closed.). Possibly consider using a "
        "shorter "
        "maxLifetime value.",
    ),
    (
        10,
        "WARN 1 --- "
        + _POOL
        + "pool.HikariPool    : HikariPool-{any:1|1|2} - Thread starvation or clock leap detected "
        "(housekeeper delta={int:9}m{int:59}s{int:900}ms{any:|204µs}).",
    ),
    (8, "INFO 1 --- " + _EXEC + "o.s.web.servlet.DispatcherServlet        : Completed initialization in {int:40} ms"),
    (
        40,
        "INFO 1 --- [shop-api] [   scheduling-{int:4}] c.example.shop.stock.StockSync           : Synchronised "
        "{int:9000} "
        "articles from {any:SAP|warehouse-north|csv} in {int:90}.{digits:1} s, {int:90} skipped",
    ),
]

_POD = 'pod="{word:6}/{word:12}-{hex:9}-{random:5}"'
_VOLUME = (
    'volume \\"{any:config|data|kube-api-access-x2x4z|kube-api-access-q9w8k|tls}\\" (UniqueName: '
    '\\"kubernetes.io/{any:projected|configmap|secret|empty-dir}/{uuid}-'
    '{any:config|data|kube-api-access-x2x4z|tls}\\") '
)
_OF_POD = 'pod \\"{word:12}-{hex:9}-{random:5}\\" (UID: \\"{uuid}\\") '
_UNMOUNTED = 'pod \\"{uuid}\\" (UID: \\"{uuid}\\") '
_KLOG = "{stamp:%m%d %H:%M:%S}.{digits:6}    {any:1187|1187|1187|902} "
_KUBELET = [
    *headed(
        "I" + _KLOG,
        [
            (
                60,
                'kubelet.go:2425] "SyncLoop ADD" source="{any:api|api|file}" '
                'pods=["{word:6}/{word:12}-{hex:9}-{random:5}"]',
            ),
            (60, 'kubelet.go:2432] "SyncLoop UPDATE" source="api" pods=["{word:6}/{word:12}-{hex:9}-{random:5}"]'),
            (40, 'kubelet.go:2441] "SyncLoop DELETE" source="api" pods=["{word:6}/{word:12}-{hex:9}-{random:5}"]'),
            (40, 'kubelet.go:2435] "SyncLoop REMOVE" source="api" pods=["{word:6}/{word:12}-{hex:9}-{random:5}"]'),
            (
                120,
                'kubelet.go:2457] "SyncLoop (PLEG): event for pod" ' + _POD + ' event={"ID":"{uuid}","Type":'
                '"{any:ContainerStarted|ContainerDied}","Data":"{hex:64}"}',
            ),
            (
                60,
                'kubelet.go:2529] "SyncLoop (probe)" probe="{any:readiness|startup|liveness}" '
                'status="{any:ready||started|unhealthy}" ' + _POD,
            ),
            (
                80,
                'reconciler_common.go:245] "operationExecutor.VerifyControllerAttachedVolume started for '
                + _VOLUME
                + _OF_POD
                + '" '
                + _POD,
            ),
            (
                60,
                'operation_generator.go:721] "MountVolume.SetUp succeeded for ' + _VOLUME + _OF_POD + '" ' + _POD,
            ),
            (
                40,
                'reconciler_common.go:159] "operationExecutor.UnmountVolume started for ' + _VOLUME + _UNMOUNTED + '"',
            ),
            (
                40,
                "operation_generator.go:803] UnmountVolume.TearDown succeeded for volume "
                '"kubernetes.io/{any:projected|configmap|secret}/{uuid}-{any:config|tls}" (OuterVolumeSpecName: '
                '"{any:config|tls}") pod "{uuid}" (UID: "{uuid}"). InnerVolumeSpecName "{any:config|tls}". PluginName '
                '"kubernetes.io/{any:projected|configmap|secret}", VolumeGidValue ""',
            ),
            (
                40,
                'reconciler_common.go:288] "Volume detached for '
                + _VOLUME
                + 'on node \\"{word:5}-{int:9}\\" DevicePath '
                '\\"{any:||/dev/sdb}\\""',
            ),
            (70, 'scope.go:117] "RemoveContainer" containerID="{hex:64}"'),
            (
                60,
                'prober.go:107] "Probe failed" probeType="{any:Readiness|Liveness|Startup}" '
                + _POD
                + ' podUID="{uuid}" '
                'containerName="{word:12}" probeResult="failure" output="{any:Get \\"http://10.1.2.3:8080/healthz\\": '
                "dial tcp 10.1.2.3:8080: connect: connection refused|HTTP probe failed with statuscode: 503"
                '|Get \\"http://10.1.7.9:3000/ready\\": context deadline exceeded (Client.Timeout exceeded while '
                'awaiting headers)|command timed out}"',
            ),
            (
                30,
                'kuberuntime_container.go:808] "Killing container with a grace period" ' + _POD + ' podUID="{uuid}" '
                'containerName="{word:12}" containerID="containerd://{hex:64}" gracePeriod={any:30|30|60|2}',
            ),
            (
                30,
                'pod_startup_latency_tracker.go:104] "Observed pod startup duration" '
                + _POD
                + ' podStartSLOduration={float:20} podStartE2EDuration="{go}" podCreationTimestamp='
                '"{stamp:%Y-%m-%d %H:%M:%S +0000 UTC}" firstStartedPulling="{any:0001-01-01 00:00:00 +0000 UTC'
                '|2026-11-02 08:12:31.117 +0000 UTC m=+813.2}" lastFinishedPulling="{any:0001-01-01 00:00:00 +0000 UTC'
                '|2026-11-02 08:12:40.4 +0000 UTC m=+822.5}"',
            ),
            (
                10,
                'eviction_manager.go:366] "Eviction manager: attempting to reclaim" '
                'resourceName="{any:ephemeral-storage|memory}"',
            ),
        ],
    ),
    *headed(
        "E" + _KLOG,
        [
            (
                70,
                'pod_workers.go:1301] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for '
                '\\"{word:12}\\" with {any:CrashLoopBackOff: \\"back-off 5m0s restarting failed container='
                'api pod=|CrashLoopBackOff: \\"back-off 40s restarting failed container=worker pod=|ImagePullBackOff: '
                '\\"Back-off pulling image registry.example.com/shop:1.4.2 for |CreateContainerConfigError: \\"secret '
                'db-credentials not found for }{word:12}-{hex:9}-{random:5}_{word:6}({uuid})\\"" '
                + _POD
                + ' podUID="{uuid}"',
            ),
            (
                20,
                'log.go:32] "PullImage from image service failed" err="rpc error: code = {any:NotFound|Unknown} desc = '
                'failed to pull and unpack image \\"registry.example.com/{word:12}:{hex:7}\\": {phrase}" '
                'image="registry.example.com/{word:12}:{hex:7}"',
            ),
            (
                20,
                'log.go:32] "ContainerStatus from runtime service failed" err="rpc error: code = NotFound desc = an '
                'error occurred when try to find container \\"{hex:64}\\": not found" containerID="{hex:64}"',
            ),
            (
                10,
                'kubelet_node_status.go:549] "Error updating node status, will retry" err="error getting node '
                '\\"{word:5}-{int:9}\\": Get \\"https://{ip}:6443/api/v1/nodes/{word:5}-{int:9}?timeout=10s\\": '
                '{any:context deadline exceeded|dial tcp: i/o timeout|net/http: request canceled}"',
            ),
            (
                25,
                'dns.go:153] "Nameserver limits exceeded" err="Nameserver limits were exceeded, some nameservers have '
                'been omitted, the applied nameserver line is: {ip} {ip} {ip}"',
            ),
        ],
    ),
    (
        20,
        "W" + _KLOG + "manager.go:1169] Failed to process watch event {EventType:0 "
        "Name:/kubepods.slice/kubepods-{any:burstable|besteffort}.slice/cri-containerd-{hex:64}.scope WatchSource:0}: "
        "Error finding container {hex:64}: Status 404 returned error can't find the container with id {hex:64}",
    ),
]

_RESOURCE = (
    "{any:|module.network.|module.app[0].}{any:aws_instance|aws_s3_bucket|aws_iam_role|aws_security_group_rule|random_id"
    '|kubernetes_deployment}.{word:12}{any:||[0]|[1]|["eu"]|["us"]}'
)
_ID = "[id={any:i-0|sg-0|arn:aws:iam::000000000000:role/|}{hex:10}]"
_TERRAFORM: Statements = [
    (120, _RESOURCE + ": Refreshing state... " + _ID),
    (50, "data.{any:aws_ami|aws_caller_identity|aws_region}.{word:12}: Reading..."),
    (50, "data.{any:aws_ami|aws_caller_identity|aws_region}.{word:12}: Read complete after {int:9}s " + _ID),
    (40, "  # " + _RESOURCE + " will be created"),
    (30, "  # " + _RESOURCE + " will be updated in-place"),
    (20, "  # " + _RESOURCE + " must be replaced"),
    (20, "  # " + _RESOURCE + " will be destroyed"),
    (
        60,
        '  {any:+|~|-|-/+} resource "{any:aws_instance|aws_s3_bucket|aws_iam_role}" "{word:12}" {',
    ),
    (60, _RESOURCE + ": Creating..."),
    (90, _RESOURCE + ": Still creating... [{any:|1m|4m}{any:10|20|30|40|50}s elapsed]"),
    (60, _RESOURCE + ": Creation complete after {any:|1m|4m}{int:59}s " + _ID),
    (30, _RESOURCE + ": Modifying... " + _ID),
    (20, _RESOURCE + ": Still modifying... [id={hex:17}, {any:10|20|30}s elapsed]"),
    (30, _RESOURCE + ": Modifications complete after {int:59}s " + _ID),
    (30, _RESOURCE + ": Destroying... " + _ID),
    (30, _RESOURCE + ": Still destroying... [id={hex:17}, {any:10|20|30}s elapsed]"),
    (30, _RESOURCE + ": Destruction complete after {int:59}s"),
    (10, "Plan: {int:40} to add, {int:9} to change, {int:9} to destroy."),
    (10, "Apply complete! Resources: {int:40} added, {int:9} changed, {int:9} destroyed."),
    (10, "- Installing {any:hashicorp/aws|hashicorp/random|hashicorp/kubernetes} v{int:5}.{int:60}.{int:3}..."),
    (
        10,
        "- Installed {any:hashicorp/aws|hashicorp/random|hashicorp/kubernetes} v{int:5}.{int:60}.{int:3} (signed by "
        "{any:HashiCorp})",
    ),
    (
        8,
        "- Reusing previous version of {any:hashicorp/aws|hashicorp/random|hashicorp/kubernetes} from the "
        "dependency lock "
        "file",
    ),
    (
        8,
        "│ Error: {any:creating EC2 Instance: operation error EC2: RunInstances, https response error StatusCode: 400"
        "|Invalid index|error waiting for Deployment rollout|creating S3 Bucket: BucketAlreadyExists}",
    ),
    (8, "│   with " + _RESOURCE + ","),
    (
        8,
        '│   on {any:main|network|modules/app/main}.tf line {int:300}, in resource "{any:aws_instance|aws_s3_bucket}" '
        '"{word:12}":',
    ),
]

_DAG = "{any:etl|export|daily}_{word:9}"
_STEP = "{any:load|extract|check|publish}_{word:12}"
_RUN = "{any:scheduled|scheduled|manual}__{stamp:%Y-%m-%dT%H:%M:%S+00:00}"
_AIRFLOW = headed(
    "[{stamp:%Y-%m-%dT%H:%M:%S}.{digits:3}+0000] ",
    [
        (
            120,
            "{taskinstance.py:1157} INFO - Dependencies all met for dep_context={any:non-requeueable|requeueable} deps "
            "ti=<TaskInstance: " + _DAG + "." + _STEP + " " + _RUN + " [{any:queued|queued|running}]>",
        ),
        (80, "{taskinstance.py:1359} INFO - Starting attempt {any:1|1|1|2|3} of {any:3|4}"),
        (
            80,
            "{taskinstance.py:1380} INFO - Executing <Task({any:PythonOperator|BashOperator|SQLExecuteQueryOperator"
            "|_PythonDecoratedOperator}): " + _STEP + "> on {stamp:%Y-%m-%d %H:%M:%S+00:00}",
        ),
        (80, "{standard_task_runner.py:57} INFO - Started process {int:32000} to run task"),
        (
            80,
            "{standard_task_runner.py:84} INFO - Running: ['airflow', 'tasks', 'run', '"
            + _DAG
            + "', '"
            + _STEP
            + "', '"
            + _RUN
            + "', '--job-id', '{int}', '--raw', '--subdir', 'DAGS_FOLDER/{word:9}.py', '--cfg-path', "
            "'/tmp/tmp{random:8}']",
        ),
        (80, "{standard_task_runner.py:85} INFO - Job {int}: Subtask " + _STEP),
        (
            80,
            "{task_command.py:416} INFO - Running <TaskInstance: " + _DAG + "." + _STEP + " " + _RUN + " [running]> on "
            "host {any:worker-0|worker-1|worker-2}.example.com",
        ),
        (
            60,
            "{taskinstance.py:1660} INFO - Exporting env vars: AIRFLOW_CTX_DAG_OWNER='{any:data|airflow}' "
            "AIRFLOW_CTX_DAG_ID='" + _DAG + "' AIRFLOW_CTX_TASK_ID='" + _STEP + "' AIRFLOW_CTX_EXECUTION_DATE='"
            "{stamp:%Y-%m-%dT%H:%M:%S+00:00}' AIRFLOW_CTX_TRY_NUMBER='{int:4}' AIRFLOW_CTX_DAG_RUN_ID='" + _RUN + "'",
        ),
        (60, "{python.py:194} INFO - Done. Returned value was: {repr}"),
        (
            80,
            "{taskinstance.py:1398} INFO - Marking task as {any:SUCCESS|SUCCESS|SUCCESS|UP_FOR_RETRY|FAILED|SKIPPED}. "
            "dag_id=" + _DAG + ", task_id=" + _STEP + ", execution_date={stamp:%Y%m%dT%H%M%S}, "
            "start_date={stamp:%Y%m%dT%H%M%S}, end_date={stamp:%Y%m%dT%H%M%S}",
        ),
        (80, "{local_task_job_runner.py:228} INFO - Task exited with return code {any:0|0|0|1|-9}"),
        (60, "{taskinstance.py:2776} INFO - {int:9} downstream tasks scheduled from follow-on schedule check"),
        (15, "{taskinstance.py:1937} ERROR - Task failed with exception"),
        (
            15,
            "{standard_task_runner.py:104} ERROR - Failed to execute job {int} for task " + _STEP + " ({any:Connection "
            "refused|'sku'|[Errno 28] No space left on device|Bash command failed. The command returned a non-zero "
            "exit "
            "code 2.}; {int:32000})",
        ),
        (50, "{base.py:73} INFO - Using connection ID '{any:warehouse|s3_raw|postgres_default}' for task execution."),
        (60, "{sql.py:450} INFO - Running statement: {sql}, parameters: {any:None|None|[4, 'kalo']}"),
        (60, "{sql.py:459} INFO - Rows affected: {int}"),
        (20, "{subprocess.py:75} INFO - Running command: ['/usr/bin/bash', '-c', '{phrase}']"),
        (20, "{subprocess.py:86} INFO - Output:"),
        (60, "{subprocess.py:93} INFO - {phrase:9}"),
        (20, "{subprocess.py:97} INFO - Command exited with return code {any:0|0|1|2}"),
        (25, "{dagbag.py:545} INFO - Filling up the DagBag from /opt/airflow/dags/{word:9}.py"),
        (
            20,
            "{dagrun.py:653} INFO - Marking run <DagRun " + _DAG + " @ {stamp:%Y-%m-%d %H:%M:%S+00:00}: " + _RUN + ", "
            "state:running, queued_at: {stamp:%Y-%m-%d %H:%M:%S+00:00}. externally triggered: {any:False|False|True}> "
            "{any:successful}",
        ),
        (
            10,
            "{scheduler_job_runner.py:1526} INFO - Sending {int:9} tasks to executor for " + _DAG + " in pool "
            "{any:default_pool|heavy}",
        ),
    ],
)

PLATFORMS: dict[str, Statements] = {
    "spring": _SPRING,
    "kubelet": _KUBELET,
    "terraform": _TERRAFORM,
    "airflow": _AIRFLOW,
}
