// @ts-check
/**
 * Features of Chromium that are off. It heeds the last such list on its command line, so that Playwright's own, for the
 * version in the lockfile, is in here as well; before them what the pool wants: with `RenderDocument` each navigation is
 * drawn into a new view of its own, a fifth of what loading a page costs.
 */
export const DISABLED_FEATURES = [
  'RenderDocument',
  'AimEnabled',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'TcpPortRandomizationWin',
  'ThirdPartyStoragePartitioning',
  'msEdgeUpdateLaunchServicesPreferredVersion',
  'msForceBrowserSignIn',
];
